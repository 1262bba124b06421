/** Reading JSON whose shape is not known: what is of another kind counts as absent. */
import type { Json, JsonObject } from "./state.ts";

export function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function asArray(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
