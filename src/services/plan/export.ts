import { t } from "../l10n.ts";
import type { CommandLine, CommandWord, Step } from "./step.ts";

/** One command line as a shell takes it, without its standard input. */
export function formatCommandLine({ tool, words }: CommandLine): string {
  return [tool, ...words.map(quote)].join(" ");
}

/**
 * A plan as a bash script of `az` and `kubectl` lines. Values of secrets are read from the environment (`SECRET_VALUE`), never printed.
 * The script passes shellcheck.
 *
 * @param satisfied ids of steps that are so already: `az` refuses some of their lines then, so they are left out; `kubectl apply` bears to be repeated
 */
export function exportScript(steps: readonly Step[], satisfied: ReadonlySet<string> = new Set()): string {
  const blocks = steps.flatMap((step) => {
    const lines = step.commands();
    const isLeftOut = lines.length === 0 || (satisfied.has(step.id) && lines.every(({ tool }) => tool === "az"));
    return isLeftOut ? [] : [{ title: step.title, lines }];
  });
  const needsValue = blocks.some(({ lines }) => lines.some(({ stdin }) => stdin?.includes("${SECRET_VALUE}")));
  const guard = needsValue
    ? [`: "\${SECRET_VALUE:?${oneLine(t("Set SECRET_VALUE to the value of the secret first."))}}"`]
    : [];
  const texts = blocks.map(({ title, lines }) => [`# ${oneLine(title)}`, ...lines.map(formatScriptLine)].join("\n"));
  return [["#!/usr/bin/env bash", "set -euo pipefail"].join("\n"), ...guard, ...texts].join("\n\n") + "\n";
}

/** One line of a plan as bash takes it, with its standard input, loop, condition or capture. */
export function formatScriptLine(line: CommandLine): string {
  const text = formatWhole(line);
  if (line.onlyIf === undefined) {
    return text;
  }
  const { variable, is, isNegated = false } = line.onlyIf;
  const body = line.stdin?.includes("\n") ? text : text.replace(/^/gm, "  ");
  return `if [ "\${${variable}}" ${isNegated ? "!=" : "="} ${quote(is)} ]; then\n${body}\nfi`;
}

function formatWhole(line: CommandLine): string {
  const command = formatCommandLine(line);
  if (line.isRepeated) {
    return `for _ in {1..60}; do\n  if ${command}; then break; fi\n  sleep 10\ndone`;
  }
  if (line.each !== undefined) {
    return `while IFS= read -r EACH; do\n  ${command}\ndone <<<"\${${line.each}}"`;
  }
  if (line.stdin !== undefined) {
    return formatWithInput(command, line.stdin);
  }
  if (line.captures === undefined) {
    return command;
  }
  return line.isDefault ? `${line.captures}="\${${line.captures}:-$(${command})}"` : `${line.captures}="$(${command})"`;
}

function formatWithInput(command: string, stdin: string): string {
  return stdin.includes("\n")
    ? `${command} <<MANIFEST\n${escapeHeredoc(stdin)}\nMANIFEST`
    : `printf '%s' "${stdin}" | ${command}`;
}

/** Only `${NAME}` may expand in a manifest. */
function escapeHeredoc(text: string): string {
  return text.replace(/[\\`]/g, "\\$&").replace(/\$(?!\{[A-Z][A-Z0-9_]*\})/g, "\\$");
}

function quote(word: CommandWord): string {
  if (typeof word !== "string") {
    return `"${word.template.replace(/["\\`]/g, "\\$&")}"`;
  }
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replace(/["'\\`$}]/g, "");
}
