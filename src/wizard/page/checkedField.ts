import { isAbort } from "./connect.ts";
import { describe, labelled, message, type MessageKind } from "./controls.ts";
import { fill, h, newId } from "./dom.ts";
import { text } from "./texts.ts";

/** What a check says of a text. Only a `problem` keeps one from going on. */
export interface FieldVerdict {
  readonly kind: MessageKind;
  readonly message: string;
}

/** Typing is over when no key came for so long. */
const pauseMs = 250;

export interface CheckedFieldParts {
  readonly label: string;
  readonly note?: string;
  readonly value: string;
  readonly signal: AbortSignal;
  readonly onInput: (value: string) => void;
  readonly check: (value: string, signal: AbortSignal) => Promise<FieldVerdict | undefined>;
  readonly onVerdict?: () => void;
}

/** A text field that is checked while one types; a check for an older text is given up. */
export class CheckedField {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  readonly #parts: CheckedFieldParts;
  readonly #place = h("div", { class: "verdict", id: newId("verdict"), "aria-live": "polite" });
  #controller = new AbortController();
  #verdict: Promise<FieldVerdict | undefined> = Promise.resolve(undefined);

  constructor(parts: CheckedFieldParts) {
    this.#parts = parts;
    this.input = h("input", { type: "text", value: parts.value, autocomplete: "off", spellcheck: "false" });
    this.input.addEventListener("input", () => {
      parts.onInput(this.input.value);
      this.#begin(pauseMs);
    });
    this.element = labelled(parts.label, this.input, parts.note);
    describe(this.input, this.#place.id);
    this.element.append(this.#place);
    this.recheck();
  }

  /** Checks what stands in the field now, for something it depends on has changed. */
  recheck(): void {
    if (this.input.value !== "") {
      this.#begin(0);
    }
  }

  /** The verdict on what stands in the field, once it is known. It counts only if no later look has taken over meanwhile. */
  async settled(): Promise<FieldVerdict | undefined> {
    if (this.input.value === "") {
      return { kind: "problem", message: text("required") };
    }
    const awaited = this.#verdict;
    const found = await awaited;
    return awaited === this.#verdict ? found : this.settled();
  }

  #begin(delayMs: number): void {
    this.#controller.abort();
    this.#controller = new AbortController();
    this.#verdict = this.#look(delayMs, AbortSignal.any([this.#controller.signal, this.#parts.signal]));
  }

  async #look(delayMs: number, signal: AbortSignal): Promise<FieldVerdict | undefined> {
    try {
      await pause(delayMs, signal);
      fill(this.#place, h("p", { class: "loading" }, text("checking")));
      const found = this.input.value === "" ? undefined : await this.#parts.check(this.input.value, signal);
      this.#show(found);
      return found;
    } catch (error) {
      if (isAbort(error)) {
        return undefined;
      }
      const failed: FieldVerdict = { kind: "warning", message: error instanceof Error ? error.message : String(error) };
      this.#show(failed);
      return failed;
    }
  }

  #show(found: FieldVerdict | undefined): void {
    this.input.setAttribute("aria-invalid", String(found?.kind === "problem"));
    fill(this.#place, found && message(found.kind, found.message));
    this.#parts.onVerdict?.();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    reject(new DOMException("Given up.", "AbortError"));
  });
  return promise;
}
