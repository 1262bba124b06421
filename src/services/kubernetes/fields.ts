/** A JSON object whose fields nobody has looked at. */
export type Fields = Readonly<Record<string, unknown>>;

const none: Fields = {};
const noItems: readonly Fields[] = [];

/** The value as an object; one without fields where it is something else. Cheap: lists of ten thousand pods go through it. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : none;
}

/** The objects of a list; none where it is something else. */
export function itemsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : noItems;
}

/** The text, or undefined where it is empty or something else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The number, or 0 where it is something else: what Kubernetes leaves out is 0. */
export function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** The texts of a list. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** Whether an object was made less than so many milliseconds ago; also where its age is not known. */
export function isYoung(creationTimestamp: string | undefined, withinMs: number): boolean {
  return creationTimestamp === undefined || Date.now() - Date.parse(creationTimestamp) < withinMs;
}
