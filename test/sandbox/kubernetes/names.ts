import { randomInt } from "node:crypto";

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** What generated names end in. */
export function randomSuffix(length = 5): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** The same text for the same input, in the alphabet of generated names. */
export function hashSuffix(text: string, length = 10): string {
  let hash = 2166136261;
  const letters: string[] = [];
  for (let i = 0; letters.length < length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i % text.length) || i), 16777619) >>> 0;
    if (i >= text.length) {
      letters.push(alphabet[hash % alphabet.length] ?? "b");
    }
  }
  return letters.join("");
}
