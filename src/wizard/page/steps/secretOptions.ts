import type { SecretDraft } from "../../protocol.ts";
import { labelled } from "../controls.ts";
import { h } from "../dom.ts";
import type { Problem, StepContext } from "../step.ts";
import { formatTags, parseTags } from "../tags.ts";
import { text } from "../texts.ts";

/** Content type, expiry and tags, folded away until one of them is used. */
export function moreOptions(context: StepContext) {
  const { contentType, expiresOn, tags } = context.draft.secret;
  const change = (to: Partial<SecretDraft>) => {
    context.choose({ kind: "secret", change: to });
  };
  const type = h("input", {
    ...{ type: "text", value: contentType, autocomplete: "off" },
    input: () => {
      change({ contentType: type.value });
    },
  });
  const expiry = h("input", {
    ...{ type: "datetime-local", value: toLocal(expiresOn) },
    change: () => {
      change({ expiresOn: toInstant(expiry.value) });
    },
  });
  const tagLines = h("textarea", {
    ...{ rows: 2, spellcheck: "false" },
    input: () => {
      change({ tags: parseTags(tagLines.value) });
    },
  });
  tagLines.value = formatTags(tags);
  const element = h(
    "details",
    { open: contentType !== "" || expiresOn !== "" || tags.length > 0 },
    h("summary", {}, text("moreOptions")),
    labelled(text("contentType"), type, text("contentTypeNote")),
    labelled(text("expires"), expiry, text("expiresNote")),
    labelled(text("tags"), tagLines, text("tagsNote")),
  );
  return {
    element,
    async findProblem(): Promise<Problem | undefined> {
      const { secret } = context.draft;
      const { problem } = await context.call("checkSecretProperties", { secret }, context.signal);
      if (problem === undefined) {
        return undefined;
      }
      element.open = true;
      return { message: problem, focus: type };
    },
  };
}

function toInstant(local: string): string {
  return local === "" ? "" : new Date(local).toISOString();
}

/** What a `datetime-local` field shows: the wall clock, without a zone. */
function toLocal(instant: string): string {
  if (instant === "") {
    return "";
  }
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
