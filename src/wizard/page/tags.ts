import type { SecretDraft } from "../protocol.ts";

/** One tag a line, `name=value`. A value may contain further equals signs. */
export function parseTags(lines: string): SecretDraft["tags"] {
  return lines
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", ...value] = line.split("=");
      return { name: name.trim(), value: value.join("=").trim() };
    });
}

export function formatTags(tags: SecretDraft["tags"]): string {
  return tags.map(({ name, value }) => `${name}=${value}`).join("\n");
}
