import type { Run, UndoRow } from "../protocol.ts";
import { button, message } from "./controls.ts";
import { fill, h } from "./dom.ts";
import { text } from "./texts.ts";

/** Offers to take back what a run made: first says what that comes to, then asks. */
export function undoPart({ undo }: Run, takeBack: () => void): HTMLElement | undefined {
  if (undo.length === 0) {
    return undefined;
  }
  const place = h("section", {});
  const offer = () => {
    fill(place, button(text("undo"), ask));
  };
  const ask = () => {
    const heading = h("h3", { tabindex: -1 }, text("undoHeading"));
    const confirm = button(text("undoConfirm"), takeBack, { class: "primary" });
    const keep = button(text("undoKeep"), () => {
      offer();
      place.querySelector("button")?.focus();
    });
    fill(
      place,
      heading,
      message("warning", text("undoWarning")),
      h("ol", { class: "nodes" }, ...undo.map(row)),
      h("div", { class: "buttons" }, confirm, keep),
    );
    heading.focus();
  };
  offer();
  return place;
}

function row({ title, isKept, note }: UndoRow): HTMLElement {
  return h(
    "li",
    {},
    h("span", { class: "row-name" }, title),
    " ",
    h("span", { class: `badge badge-${isKept ? "off" : "busy"}` }, text(isKept ? "undoStays" : "undoTaken")),
    note !== undefined && h("p", { class: "note" }, note),
  );
}
