/** Gives a message in the user's language; `{0}` stands for the first argument. The shape of `vscode.l10n.t`. */
export type Translate = (message: string, ...args: (string | number | boolean)[]) => string;

let translate: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (whole, index: string) => String(args[Number(index)] ?? whole));

/**
 * Translates a message of the service layer. English until {@link setTranslate} is called.
 *
 * @param message must be a literal: the strings are collected from the source text
 */
export function t(message: string, ...args: (string | number | boolean)[]): string {
  return translate(message, ...args);
}

/** Makes every later message come from this translator. Called once, by `createServices`. */
export function setTranslate(translator: Translate): void {
  translate = translator;
}
