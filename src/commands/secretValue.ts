import * as vscode from "vscode";

import { alone, back } from "../host/ask.ts";
import type { Answer, Place } from "../host/ask.ts";
import { inputText, pickAmong } from "../host/dialogs.ts";
import { checkSecretValue, maxSecretBytes } from "../services/azure/vaultObjectRules.ts";

type Source = "type" | "clipboard" | "file";

/** A value, or why there is none. */
type Read = { readonly value: string } | { readonly problem: string };

/** Asks for a secret's value: typed and masked, from the clipboard or from a file. It is kept nowhere. */
export async function askSecretValue(place: Place): Promise<Answer<string>> {
  let placeholder = vscode.l10n.t("Where does the value come from?");
  for (;;) {
    const source = await pickAmong(place, placeholder, sources());
    if (source === back) {
      return back;
    }
    const read = source === "type" ? await typeValue(place) : await readers[source](place);
    if (read === back) {
      continue;
    }
    const problem = "problem" in read ? read.problem : checkSecretValue(read.value);
    if ("value" in read && problem === undefined) {
      return read.value;
    }
    placeholder = problem ?? placeholder;
  }
}

function sources() {
  return [
    {
      label: `$(edit) ${vscode.l10n.t("Type or paste it")}`,
      detail: vscode.l10n.t("Masked while you type"),
      value: "type" as const,
    },
    { label: `$(clippy) ${vscode.l10n.t("From the clipboard")}`, value: "clipboard" as const },
    {
      label: `$(file) ${vscode.l10n.t("From a file…")}`,
      detail: vscode.l10n.t("UTF-8 text, up to 25 KB"),
      value: "file" as const,
    },
  ];
}

const readers = { clipboard: readClipboard, file: readFile } as const satisfies Record<
  Exclude<Source, "type">,
  (place: Place) => Promise<Answer<Read>>
>;

async function typeValue(place: Place): Promise<Answer<Read>> {
  const value = await inputText({
    place: { ...place, canGoBack: true },
    prompt: vscode.l10n.t("The secret's value; it goes to the vault and nowhere else"),
    isPassword: true,
    validate: checkSecretValue,
  });
  return value === back ? back : { value };
}

async function readClipboard(): Promise<Read> {
  const value = await vscode.env.clipboard.readText();
  return value === "" ? { problem: vscode.l10n.t("The clipboard holds no text.") } : { value };
}

async function readFile(place: Place): Promise<Answer<Read>> {
  const [uri] =
    (await vscode.window.showOpenDialog({ title: place.title, openLabel: vscode.l10n.t("Use as Value") })) ?? [];
  if (!uri) {
    return back;
  }
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > maxSecretBytes + 2) {
    return {
      problem: vscode.l10n.t("The file has {0} bytes; a secret holds at most {1} (25 KB).", size, maxSecretBytes),
    };
  }
  const text = decode(await vscode.workspace.fs.readFile(uri));
  if (text === undefined) {
    return { problem: vscode.l10n.t("The file is not UTF-8 text; encode it first, for example as base64.") };
  }
  return /\r?\n$/.test(text) ? askLineBreak(place, text) : { value: text };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Editors end files with a line break, and applications then fail to log in with it. */
async function askLineBreak(place: Place, text: string): Promise<Answer<Read>> {
  const choices = [
    {
      label: vscode.l10n.t("Leave the line break out"),
      description: vscode.l10n.t("right for passwords and keys"),
      value: false,
    },
    { label: vscode.l10n.t("Keep it"), description: vscode.l10n.t("the file byte for byte"), value: true },
  ];
  const isKept = await pickAmong(
    { ...alone(place.title), canGoBack: true },
    vscode.l10n.t("The file ends with a line break."),
    choices,
  );
  return isKept === back ? back : { value: isKept ? text : text.replace(/\r?\n$/, "") };
}
