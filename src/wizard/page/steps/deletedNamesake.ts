import type { IfDeletedDraft } from "../../protocol.ts";
import { button, radios } from "../controls.ts";
import { h } from "../dom.ts";
import { text } from "../texts.ts";

/** Asks what to do about something deleted that has the name. */
export function deletedNamesake(parts: {
  readonly chosen: IfDeletedDraft;
  readonly canPurge: boolean;
  readonly recoverNote: string;
  readonly onChoose: (ifDeleted: IfDeletedDraft) => void;
  readonly onRename: () => void;
}): HTMLElement {
  const options = [
    { value: "recover", label: text("recover"), note: parts.recoverNote },
    {
      value: "purge",
      label: text("purge"),
      note: text(parts.canPurge ? "purgeNote" : "purgeProtected"),
      isDisabled: !parts.canPurge,
    },
  ] as const;
  return h(
    "div",
    {},
    radios(text("deletedNamesake"), options, parts.chosen, parts.onChoose),
    button(text("rename"), parts.onRename, { class: "link" }),
  );
}
