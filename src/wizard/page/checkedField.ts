import { isAbort } from "./connect.ts";
import { describe, labelled, message, type MessageKind } from "./controls.ts";
import { fill, h, newId, type Child } from "./dom.ts";
import { text } from "./texts.ts";

/** What a check says of a text. Only a `problem` keeps one from going on. */
export interface FieldVerdict {
  readonly kind: MessageKind;
  readonly message: string;
}

export interface CheckedField {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  /** Checks what stands in the field now, for something it depends on has changed. */
  recheck(): void;
  /** The verdict on what stands in the field, once it is known. */
  settled(): Promise<FieldVerdict | undefined>;
}

/** Typing is over when no key came for so long. */
const pauseMs = 250;

/** A text field that is checked while one types; a check for an older text is given up. */
export function checkedField(field: {
  readonly label: string;
  readonly note?: string;
  readonly value: string;
  readonly signal: AbortSignal;
  onInput(value: string): void;
  check(value: string, signal: AbortSignal): Promise<FieldVerdict | undefined>;
  /** Called with each verdict; what it gives is shown under the message. */
  onVerdict?(verdict: FieldVerdict | undefined): void;
}): CheckedField {
  const input = h("input", { type: "text", value: field.value, autocomplete: "off", spellcheck: "false" });
  const place = h("div", { class: "verdict", id: newId("verdict"), "aria-live": "polite" });
  let controller = new AbortController();
  let verdict: Promise<FieldVerdict | undefined> = Promise.resolve(undefined);

  function show(found: FieldVerdict | undefined): void {
    input.setAttribute("aria-invalid", String(found?.kind === "problem"));
    const children: Child[] = found ? [message(found.kind, found.message)] : [];
    fill(place, ...children);
    field.onVerdict?.(found);
  }

  async function look(delayMs: number, signal: AbortSignal): Promise<FieldVerdict | undefined> {
    try {
      await pause(delayMs, signal);
      fill(place, h("p", { class: "loading" }, text("checking")));
      const found = await field.check(input.value, signal);
      show(found);
      return found;
    } catch (error) {
      if (isAbort(error)) {
        return undefined;
      }
      const failed: FieldVerdict = { kind: "warning", message: error instanceof Error ? error.message : String(error) };
      show(failed);
      return failed;
    }
  }

  /** A verdict counts only if no later look has taken over meanwhile. */
  async function settled(): Promise<FieldVerdict | undefined> {
    const awaited = verdict;
    const found = await awaited;
    return awaited === verdict ? found : settled();
  }

  function begin(delayMs: number): void {
    controller.abort();
    controller = new AbortController();
    verdict = look(delayMs, AbortSignal.any([controller.signal, field.signal]));
  }

  input.addEventListener("input", () => {
    field.onInput(input.value);
    begin(pauseMs);
  });
  if (field.value !== "") {
    begin(0);
  }
  const element = labelled(field.label, input, field.note);
  describe(input, place.id);
  element.append(place);
  return {
    element,
    input,
    recheck: () => {
      if (input.value !== "") {
        begin(0);
      }
    },
    settled: async () => (input.value === "" ? { kind: "problem", message: text("required") } : settled()),
  };
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
