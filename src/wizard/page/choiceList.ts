import type { Growing, Search } from "../protocol.ts";
import { isAbort } from "./connect.ts";
import { button, failure, message, status } from "./controls.ts";
import { fill, h, newId, type Child } from "./dom.ts";
import { text } from "./texts.ts";

export interface Badge {
  readonly label: string;
  readonly kind: "on" | "off" | "busy" | "bad" | "plain";
}

/** A row of a long list. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly badges: readonly Badge[];
}

type Found<T> = Growing & { readonly items: readonly T[] };

export interface ChoiceListParts<T> {
  readonly searchLabel: string;
  readonly emptyText: string;
  readonly chosenId: string | undefined;
  readonly signal: AbortSignal;
  readonly list: (search: Search, signal: AbortSignal) => Promise<Found<T>>;
  readonly refresh: () => Promise<unknown>;
  readonly onEstate: (listener: () => void) => void;
  readonly groupOf: (item: T) => string;
  readonly rowOf: (item: T) => Row;
  readonly onChoose: (item: T) => void;
}

/** More rows than anybody reads; the search narrows them. */
const limit = 50;

/** A list to choose one of, with a search field, grouped. The first rows show while the rest is being read. */
export class ChoiceList<T> {
  readonly element: HTMLElement;
  readonly search = h("input", { type: "search", id: newId("search"), autocomplete: "off", spellcheck: "false" });
  readonly #parts: ChoiceListParts<T>;
  readonly #radioName = newId("choice");
  readonly #state = status();
  readonly #rows = h("div", { class: "rows" });
  readonly #notes = h("div", {});
  #chosenId: string | undefined;
  #controller = new AbortController();

  constructor(parts: ChoiceListParts<T>) {
    this.#parts = parts;
    this.#chosenId = parts.chosenId?.toLowerCase();
    parts.onEstate(() => void this.#ask());
    this.search.addEventListener("input", () => void this.#ask());
    const refresh = button(text("refresh"), () => void this.#refresh());
    const head = h(
      "div",
      { class: "search" },
      h("label", { for: this.search.id }, parts.searchLabel),
      h("div", { class: "search-line" }, this.search, refresh),
    );
    this.element = h("div", { class: "choices" }, head, this.#state, this.#rows, this.#notes);
    this.#showLoading();
    void this.#ask();
  }

  /** Never rejects: a failure is shown. A later question takes over. */
  async #ask(): Promise<void> {
    this.#controller.abort();
    this.#controller = new AbortController();
    const signal = AbortSignal.any([this.#controller.signal, this.#parts.signal]);
    try {
      this.#showList(await this.#parts.list({ text: this.search.value, limit }, signal));
    } catch (error) {
      if (!isAbort(error)) {
        this.#showFailure(error);
      }
    }
  }

  async #refresh(): Promise<void> {
    this.#showLoading();
    try {
      await this.#parts.refresh();
      await this.#ask();
    } catch (error) {
      if (!isAbort(error)) {
        this.#showFailure(error);
      }
    }
  }

  #showLoading(): void {
    this.#rows.setAttribute("aria-busy", "true");
    fill(this.#state, h("p", { class: "loading" }, text("loading")));
    fill(this.#rows);
    fill(this.#notes);
  }

  #showFailure(error: unknown): void {
    this.#rows.removeAttribute("aria-busy");
    fill(this.#state);
    fill(this.#notes);
    fill(
      this.#rows,
      failure(error, () => void this.#refresh()),
    );
  }

  #showList(list: Found<T>): void {
    if (list.isLoading && list.total === 0) {
      this.#showLoading();
      return;
    }
    this.#rows.setAttribute("aria-busy", String(list.isLoading));
    fill(this.#state, ...stateOf(list, list.items.length, this.#parts.emptyText));
    keepFocus(this.#rows, () => {
      fill(this.#rows, ...this.#groups(list.items));
    });
    fill(this.#notes, ...notesOf(list, list.items.length));
  }

  #groups(items: readonly T[]): readonly HTMLElement[] {
    const byName = Map.groupBy(items, (item) => this.#parts.groupOf(item));
    return [...byName].map(([name, members]) =>
      h("fieldset", { class: "group" }, h("legend", {}, name), ...members.map((item) => this.#rowElement(item))),
    );
  }

  #rowElement(item: T): HTMLElement {
    const { id, name, note, badges } = this.#parts.rowOf(item);
    const input = h("input", {
      ...{ type: "radio", name: this.#radioName, value: id, checked: id.toLowerCase() === this.#chosenId },
      change: () => {
        this.#chosenId = id.toLowerCase();
        this.#parts.onChoose(item);
      },
    });
    const badgeElements = badges.map(({ label, kind }) => h("span", { class: `badge badge-${kind}` }, label));
    return h(
      "label",
      { class: "row" },
      input,
      h("span", { class: "row-text" }, h("span", { class: "row-name" }, name), " ", noteElement(note)),
      h("span", { class: "badges" }, ...badgeElements.flatMap((badge) => [badge, " "])),
    );
  }
}

function noteElement(note: string): HTMLElement {
  return h("span", { class: "row-note" }, note);
}

function stateOf(list: Growing, shown: number, emptyText: string): readonly Child[] {
  if (list.isLoading) {
    return [h("p", { class: "loading" }, text("foundRows", shown, list.total), " ", text("stillLoading"))];
  }
  if (list.total === 0) {
    return [message("info", emptyText)];
  }
  return [h("p", { class: "note" }, list.found === 0 ? text("noneFit") : text("foundRows", shown, list.total))];
}

function notesOf(list: Growing, shown: number): readonly Child[] {
  const more = list.found - shown;
  const missing = list.missing.map((sentence) => h("li", {}, sentence));
  return [
    more > 0 && h("p", { class: "note" }, text("moreRows", more)),
    missing.length > 0 &&
      h("details", { class: "missing" }, h("summary", {}, "⚠ ", text("missing")), h("ul", {}, ...missing)),
  ];
}

/** Redraws rows; the radio button that had the focus has it again. */
function keepFocus(rows: HTMLElement, redraw: () => void): void {
  const active = document.activeElement;
  const focusedId = active instanceof HTMLInputElement && rows.contains(active) ? active.value : undefined;
  redraw();
  if (focusedId !== undefined) {
    const inputs = [...rows.querySelectorAll("input")];
    inputs.find(({ value }) => value === focusedId)?.focus();
  }
}
