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

export interface ChoiceListParts<T> {
  readonly searchLabel: string;
  readonly emptyText: string;
  readonly chosenId: string | undefined;
  readonly signal: AbortSignal;
  list(search: Search, signal: AbortSignal): Promise<Growing & { readonly items: readonly T[] }>;
  refresh(): Promise<unknown>;
  onEstate(listener: () => void): void;
  groupOf(item: T): string;
  rowOf(item: T): Row;
  onChoose(item: T): void;
}

export interface ChoiceList {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement;
}

/** More rows than anybody reads; the search narrows them. */
const limit = 50;

/** A list to choose one of, with a search field, grouped. The first rows show while the rest is being read. */
export function choiceList<T>(parts: ChoiceListParts<T>): ChoiceList {
  const radioName = newId("choice");
  const state = status();
  const rows = h("div", { class: "rows" });
  const notes = h("div", {});
  const search = h("input", { type: "search", id: newId("search"), autocomplete: "off", spellcheck: "false" });
  let chosenId = parts.chosenId?.toLowerCase();
  let controller = new AbortController();

  async function ask(): Promise<void> {
    controller.abort();
    controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, parts.signal]);
    try {
      showList(await parts.list({ text: search.value, limit }, signal));
    } catch (error) {
      if (!isAbort(error)) {
        rows.removeAttribute("aria-busy");
        fill(state);
        fill(notes);
        fill(
          rows,
          failure(error, () => void refresh()),
        );
      }
    }
  }

  async function refresh(): Promise<void> {
    showLoading();
    try {
      await parts.refresh();
    } finally {
      await ask();
    }
  }

  function showLoading(): void {
    rows.setAttribute("aria-busy", "true");
    fill(state, h("p", { class: "loading" }, text("loading")));
    fill(rows);
    fill(notes);
  }

  function showList(list: Growing & { readonly items: readonly T[] }): void {
    if (list.isLoading && list.total === 0) {
      showLoading();
      return;
    }
    rows.toggleAttribute("aria-busy", list.isLoading);
    fill(state, ...stateOf(list, list.items.length, parts.emptyText));
    keepFocus(rows, () => {
      fill(rows, ...groups(list.items));
    });
    fill(notes, ...notesOf(list, list.items.length));
  }

  function groups(items: readonly T[]): readonly HTMLElement[] {
    const byName = Map.groupBy(items, (item) => parts.groupOf(item));
    return [...byName].map(([name, members]) =>
      h("fieldset", { class: "group" }, h("legend", {}, name), ...members.map(rowElement)),
    );
  }

  function rowElement(item: T): HTMLElement {
    const row = parts.rowOf(item);
    const input = h("input", {
      ...{ type: "radio", name: radioName, value: row.id, checked: row.id.toLowerCase() === chosenId },
      change: () => {
        chosenId = row.id.toLowerCase();
        parts.onChoose(item);
      },
    });
    const badges = row.badges.map(({ label, kind }) => h("span", { class: `badge badge-${kind}` }, label));
    return h(
      "label",
      { class: "row" },
      input,
      h("span", { class: "row-text" }, h("span", { class: "row-name" }, row.name), " ", noteElement(row.note)),
      h("span", { class: "badges" }, ...badges.flatMap((badge) => [badge, " "])),
    );
  }

  parts.onEstate(() => void ask());
  search.addEventListener("input", () => void ask());
  showLoading();
  void ask();
  const head = h(
    "div",
    { class: "search" },
    h("label", { for: search.id }, parts.searchLabel),
    h(
      "div",
      { class: "search-line" },
      search,
      button(text("refresh"), () => void refresh()),
    ),
  );
  return { element: h("div", { class: "choices" }, head, state, rows, notes), search };
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
