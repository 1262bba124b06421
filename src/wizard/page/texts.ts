import type { WizardTexts } from "../texts.ts";

export type TextKey = keyof WizardTexts;

// The host wrote them: the extension's own page, in the user's language.
const texts = JSON.parse(document.body.dataset["texts"] ?? "{}") as Partial<WizardTexts>;

function format(arg: string | number): string {
  return typeof arg === "number" ? arg.toLocaleString(document.documentElement.lang) : arg;
}

/** A text of the page; `{0}` stands for the first argument. */
export function text(key: TextKey, ...args: readonly (string | number)[]): string {
  return (texts[key] ?? key).replace(/\{(\d+)\}/g, (whole, index: string) => format(args[Number(index)] ?? whole));
}
