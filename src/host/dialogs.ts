import * as vscode from "vscode";

import { isAbort } from "../services/errors.ts";
import { back, cancelled } from "./ask.ts";
import type { Answer, Place } from "./ask.ts";
import { messageOf } from "./messageOf.ts";

/** A row of a quick pick. One without a value is a heading. */
export interface Choice<T> extends vscode.QuickPickItem {
  readonly value?: T;
}

/** A quick pick whose rows come over the network. */
export interface PickQuestion<T> {
  readonly place: Place;
  readonly placeholder: string;
  /** Shown in place of rows when there are none. */
  readonly nothing: string;
  /** May show rows before it has all of them. */
  load(show: (choices: readonly Choice<T>[]) => void, signal: AbortSignal): Promise<readonly Choice<T>[]>;
  /** The row to stand on at first. */
  isCurrent?(value: T): boolean;
}

/** Lets the person pick one row. A failed load is a row that tries again. Esc is an `AbortError`. */
export function pickOne<T>(question: PickQuestion<T>): Promise<Answer<T>> {
  const picker = vscode.window.createQuickPick<Choice<T> & { readonly isRetry?: boolean }>();
  const aborter = new AbortController();
  dress(picker, question.place);
  picker.placeholder = question.placeholder;
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  const load = async () => {
    picker.busy = true;
    try {
      showRows(
        picker,
        await question.load((rows) => {
          showRows(picker, rows, question);
        }, aborter.signal),
        question,
      );
    } catch (error) {
      if (!isAbort(error)) {
        picker.items = [
          {
            label: `$(error) ${messageOf(error)}`,
            detail: vscode.l10n.t("Select to try again"),
            alwaysShow: true,
            isRetry: true,
          },
        ];
      }
    } finally {
      picker.busy = false;
    }
  };
  return new Promise<Answer<T>>((resolve, reject) => {
    picker.onDidTriggerButton((button) => {
      if (button === vscode.QuickInputButtons.Back) {
        resolve(back);
        picker.hide();
      }
    });
    picker.onDidAccept(() => {
      const [row] = picker.selectedItems;
      if (row?.isRetry) {
        void load();
      } else if (row?.value !== undefined) {
        resolve(row.value);
        picker.hide();
      }
    });
    picker.onDidHide(() => {
      aborter.abort();
      picker.dispose();
      reject(cancelled());
    });
    picker.show();
    void load();
  });
}

function showRows<T>(picker: vscode.QuickPick<Choice<T>>, rows: readonly Choice<T>[], question: PickQuestion<T>): void {
  const [active] = picker.activeItems;
  picker.items = rows.length > 0 ? rows : [{ label: question.nothing, alwaysShow: true }];
  const stays = rows.find(
    (row) =>
      row.value !== undefined &&
      (active?.value === undefined ? question.isCurrent?.(row.value) : row.value === active.value),
  );
  if (stays) {
    picker.activeItems = [stays];
  }
}

/** A row of plain choices. */
export function pickAmong<T>(
  place: Place,
  placeholder: string,
  choices: readonly Choice<T>[],
  isCurrent?: (value: T) => boolean,
): Promise<Answer<T>> {
  return pickOne<T>({
    place,
    placeholder,
    nothing: placeholder,
    load: () => Promise.resolve(choices),
    ...(isCurrent ? { isCurrent } : {}),
  });
}

/** What is wrong with a text, or worth knowing about it. */
export interface TextFinding {
  readonly message: string;
  /** Whether the text cannot be accepted. */
  readonly isWrong: boolean;
}

/** A text to be typed. */
export interface TextQuestion {
  readonly place: Place;
  readonly prompt: string;
  readonly value?: string | undefined;
  readonly placeholder?: string | undefined;
  readonly isPassword?: boolean | undefined;
  /** Rules that need no call; the message when one is broken. */
  validate?(text: string): string | undefined;
  /** What the service says of a text that keeps the rules. Asked shortly after the last key. */
  check?(text: string, signal: AbortSignal): Promise<TextFinding | undefined>;
}

/** Lets the person type a text that keeps the rules. Esc is an `AbortError`. */
export function inputText(question: TextQuestion): Promise<Answer<string>> {
  const input = vscode.window.createInputBox();
  dress(input, question.place);
  input.prompt = question.prompt;
  input.value = question.value ?? "";
  input.placeholder = question.placeholder;
  input.password = question.isPassword ?? false;
  const checker = new TextChecker(input, question);
  return new Promise<Answer<string>>((resolve, reject) => {
    input.onDidTriggerButton((button) => {
      if (button === vscode.QuickInputButtons.Back) {
        resolve(back);
        input.hide();
      }
    });
    input.onDidChangeValue(() => {
      checker.changed();
    });
    input.onDidAccept(async () => {
      if (await checker.mayAccept()) {
        resolve(input.value);
        input.hide();
      }
    });
    input.onDidHide(() => {
      checker.stop();
      input.dispose();
      reject(cancelled());
    });
    input.show();
  });
}

const pauseBeforeCheckMs = 350;

/** Shows what is wrong with the text while it is typed, and asks the service once the person pauses. */
class TextChecker {
  #aborter = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #checked: { readonly text: string; readonly finding: TextFinding | undefined } | undefined;

  constructor(
    readonly input: vscode.InputBox,
    readonly question: TextQuestion,
  ) {}

  changed(): void {
    this.stop();
    const { value } = this.input;
    const broken = value === "" ? undefined : this.question.validate?.(value);
    this.input.validationMessage = broken;
    if (value !== "" && broken === undefined && this.question.check) {
      this.#timer = setTimeout(() => void this.#ask(value), pauseBeforeCheckMs);
    }
  }

  async mayAccept(): Promise<boolean> {
    const { value } = this.input;
    const broken = this.question.validate?.(value);
    if (broken !== undefined) {
      this.input.validationMessage = broken;
      return false;
    }
    clearTimeout(this.#timer);
    const isAccepted = await this.#ask(value);
    return isAccepted && this.input.value === value;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#aborter.abort();
    this.#aborter = new AbortController();
  }

  /** Never rejects: a failed check is shown, and the text can be accepted later. */
  async #ask(text: string): Promise<boolean> {
    if (!this.question.check) {
      return true;
    }
    if (this.#checked?.text !== text) {
      const { signal } = this.#aborter;
      this.input.busy = true;
      try {
        this.#checked = { text, finding: await this.question.check(text, signal) };
      } catch (error) {
        if (!isAbort(error)) {
          this.input.validationMessage = messageOf(error);
        }
        return false;
      } finally {
        this.input.busy = false;
      }
    }
    const { finding } = this.#checked;
    this.input.validationMessage = finding && {
      message: finding.message,
      severity: finding.isWrong ? vscode.InputBoxValidationSeverity.Error : vscode.InputBoxValidationSeverity.Info,
    };
    return !finding?.isWrong;
  }
}

function dress(input: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox, place: Place): void {
  input.title = place.title;
  input.ignoreFocusOut = true;
  if (place.total > 1) {
    input.step = place.step;
    input.totalSteps = place.total;
  }
  if (place.canGoBack) {
    input.buttons = [vscode.QuickInputButtons.Back];
  }
}

/** Asks before something that cannot be taken back, or takes long. "No" is an `AbortError`. */
export async function confirm(message: string, detail: string, verb: string): Promise<void> {
  const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, verb);
  if (answer !== verb) {
    throw cancelled();
  }
}
