/** Rows of cells as a Markdown table; the first row are the headings. */
export function table(rows: readonly (readonly string[])[]): string {
  const [first = [], ...rest] = rows.map((cells) => cells.map(text));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(first), line(first.map(() => "---")), ...rest.map(line)].join("\n");
}

/** What a service said is text, never markup. */
export function text(value: string): string {
  return value.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_{}[\]<>#|!]/g, "\\$&");
}
