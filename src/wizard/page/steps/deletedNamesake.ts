import type { IfDeletedDraft } from "../../protocol.ts";
import { radios } from "../controls.ts";
import { text } from "../texts.ts";

/** Asks what to do about something deleted that has the name. Choosing another name is done in the name's field. */
export function deletedNamesake(parts: {
  readonly chosen: IfDeletedDraft;
  readonly canPurge: boolean;
  readonly recoverNote: string;
  readonly onChoose: (ifDeleted: IfDeletedDraft) => void;
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
  return radios(text("deletedNamesake"), options, parts.chosen, parts.onChoose);
}
