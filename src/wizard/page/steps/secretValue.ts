import { labelled, message } from "../controls.ts";
import { fill, h } from "../dom.ts";
import type { StepContext } from "../step.ts";
import { text } from "../texts.ts";

type Control = HTMLInputElement | HTMLTextAreaElement;

export interface ValueField {
  readonly element: HTMLElement;
  /** Changes when a value of several lines is pasted. */
  control(): Control;
}

/** The field for a secret's value. The value lives in this page's memory; only whether there is one is saved. */
export function valueField(context: StepContext): ValueField {
  const size = h("div", { class: "verdict", "aria-live": "polite" });
  const isShown = h("input", { type: "checkbox", change: () => mask(control, !isShown.checked) });
  let control = makeControl(context.value?.includes("\n") ?? false);
  control.value = context.value ?? "";
  const element = labelled(text("value"), control, text("valueNote", context.maxSecretBytes));
  element.append(h("label", { class: "toggle" }, isShown, h("span", {}, text("showValue"))), size);

  function makeControl(isLong: boolean): Control {
    const made = isLong ? h("textarea", { rows: 3 }) : h("input", { type: "password" });
    made.autocomplete = "off";
    made.spellcheck = false;
    made.addEventListener("input", take);
    if (made instanceof HTMLInputElement) {
      made.addEventListener("paste", pasteLines);
    }
    mask(made, !isShown.checked);
    return made;
  }

  function take(): void {
    context.value = control.value === "" ? undefined : control.value;
    context.choose({ kind: "secret", change: { hadValue: context.value !== undefined } });
    showSize();
  }

  /** A field of one line would swallow line breaks: a certificate or a key would arrive broken. */
  function pasteLines(event: ClipboardEvent): void {
    const pasted = event.clipboardData?.getData("text/plain").replaceAll("\r\n", "\n") ?? "";
    if (!pasted.includes("\n")) {
      return;
    }
    event.preventDefault();
    const long = makeControl(true);
    const { selectionStart, selectionEnd, value } = control;
    long.value = value.slice(0, selectionStart ?? 0) + pasted + value.slice(selectionEnd ?? value.length);
    for (const name of ["id", "aria-describedby"]) {
      long.setAttribute(name, control.getAttribute(name) ?? "");
    }
    control.replaceWith(long);
    control = long;
    control.focus();
    take();
  }

  function showSize(): void {
    const wrong = valueProblem(context.value, context.maxSecretBytes);
    control.setAttribute("aria-invalid", String(wrong !== undefined));
    const bytes = context.value && h("p", { class: "note" }, text("valueBytes", bytesOf(context.value)));
    fill(size, wrong === undefined ? bytes : message("problem", wrong));
  }

  showSize();
  return { element, control: () => control };
}

function mask(control: Control, isMasked: boolean): void {
  if (control instanceof HTMLInputElement) {
    control.type = isMasked ? "password" : "text";
  } else {
    control.classList.toggle("masked", isMasked);
  }
}

/** What is wrong with a value; undefined when it is fine, or when there is none. */
export function valueProblem(value: string | undefined, maxBytes: number): string | undefined {
  const bytes = value === undefined ? 0 : bytesOf(value);
  return bytes > maxBytes ? text("valueTooLong", bytes, maxBytes) : undefined;
}

function bytesOf(value: string): number {
  return new TextEncoder().encode(value).byteLength;
}
