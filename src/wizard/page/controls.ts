import { fill, h, newId, type Attributes, type Child } from "./dom.ts";
import { isAbort } from "./connect.ts";
import { text } from "./texts.ts";

export type MessageKind = "info" | "good" | "warning" | "problem";

/** A sentence that says how something stands, by words as well as by colour. */
export function message(kind: MessageKind, ...children: readonly Child[]): HTMLElement {
  return h("p", { class: `message message-${kind}` }, icon(kind), h("span", {}, ...children));
}

const icons = { info: "ℹ", good: "✓", warning: "⚠", problem: "✕" } as const satisfies Record<MessageKind, string>;

function icon(kind: MessageKind): HTMLElement {
  return h("span", { class: "icon", "aria-hidden": "true" }, icons[kind]);
}

export function button(label: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", class: "secondary", click: onClick, ...attributes }, label);
}

/** A control with a label above it and a note below it. */
export function labelled(label: string, control: HTMLElement, note?: string): HTMLElement {
  control.id ||= newId("field");
  const noteElement = note === undefined ? undefined : h("p", { class: "note", id: newId("note") }, note);
  if (noteElement) {
    describe(control, noteElement.id);
  }
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, noteElement);
}

/** Adds to what a screen reader says of a control. */
export function describe(control: HTMLElement, id: string): void {
  const before = control.getAttribute("aria-describedby");
  control.setAttribute("aria-describedby", before === null ? id : `${before} ${id}`);
}

export interface Option<V extends string> {
  readonly value: V;
  readonly label: string;
  readonly note?: string | undefined;
  readonly isDisabled?: boolean;
}

/** A group of radio buttons under a legend. */
export function radios<V extends string>(
  legend: string,
  options: readonly Option<V>[],
  chosen: V | undefined,
  onChoose: (value: V) => void,
): HTMLFieldSetElement {
  const name = newId("radios");
  const rows = options.map(({ value, label, note, isDisabled }) => {
    const noteId = newId("note");
    const input = h("input", {
      ...{ type: "radio", name, value, checked: value === chosen, disabled: isDisabled },
      "aria-describedby": note === undefined ? undefined : noteId,
      change: () => {
        onChoose(value);
      },
    });
    return h(
      "div",
      { class: "option" },
      h("label", {}, input, h("span", {}, label)),
      note !== undefined && h("p", { class: "note", id: noteId }, note),
    );
  });
  return h("fieldset", { class: "radios" }, h("legend", {}, legend), ...rows);
}

export function select(
  options: readonly { readonly value: string; readonly label: string }[],
  chosen: string,
  onChoose: (value: string) => void,
): HTMLSelectElement {
  const element = h("select", {
    change: () => {
      onChoose(element.value);
    },
  });
  setOptions(element, options, chosen);
  return element;
}

/** Gives a select other options. A choice that is not among them stays, since a list can be late or incomplete. */
export function setOptions(
  element: HTMLSelectElement,
  options: readonly { readonly value: string; readonly label: string }[],
  chosen: string,
): void {
  const isKnown = options.some(({ value }) => value === chosen);
  const extra = isKnown ? [] : [{ value: chosen, label: chosen === "" ? text("chooseOne") : chosen }];
  fill(element, ...[...extra, ...options].map(({ value, label }) => h("option", { value }, label)));
  element.value = chosen;
}

/** Shows that something is being asked for, then what came of it; a failure with Retry in place. */
export async function load<T>(
  place: HTMLElement,
  ask: () => Promise<T>,
  show: (value: T) => readonly Child[],
  loading: string = text("loading"),
): Promise<void> {
  place.setAttribute("aria-busy", "true");
  fill(place, h("p", { class: "loading" }, loading));
  try {
    const value = await ask();
    fill(place, ...show(value));
  } catch (error) {
    if (isAbort(error)) {
      return;
    }
    fill(
      place,
      failure(error, () => void load(place, ask, show, loading)),
    );
  }
  place.removeAttribute("aria-busy");
}

/** What failed, and Retry. */
export function failure(error: unknown, retry: () => void): HTMLElement {
  return h(
    "div",
    { class: "failure", role: "alert" },
    message("problem", error instanceof Error ? error.message : String(error)),
    button(text("retry"), retry),
  );
}

/** A part of the page whose changes a screen reader tells. */
export function status(): HTMLElement {
  return h("div", { role: "status" });
}
