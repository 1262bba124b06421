import type { Preview, PreviewStep } from "../../protocol.ts";
import { wantsSecret } from "../draft.ts";
import { button, load, message } from "../controls.ts";
import { h, type Child } from "../dom.ts";
import type { ShownStep, StepContext, WizardStep } from "../step.ts";
import { text } from "../texts.ts";

export const reviewStep: WizardStep = {
  id: "review",
  name: "reviewStep",
  heading: "reviewHeading",
  button: "apply",
  isComplete: () => true,
  summary: () => undefined,
  show,
};

function show(context: StepContext): ShownStep {
  const place = h("div", {});
  const hasValue = wantsSecret(context.draft) && context.value !== undefined;
  const look = () => {
    context.allowNext(false);
    return load(
      place,
      () => context.call("preview", { draft: context.draft, hasValue }, context.signal),
      (preview) => {
        context.allowNext(!preview.steps.some(isBlocked));
        context.announce(countText(preview));
        return previewPart(context, preview, () => void look());
      },
      text("reviewLoading"),
    );
  };
  void look();
  const notice = context.wasInterrupted ? message("info", text("interrupted")) : undefined;
  return { body: h("div", {}, notice, h("p", { class: "note" }, text("reviewIntro")), place) };
}

function isBlocked({ state }: PreviewStep): boolean {
  return state.kind === "blocked";
}

function previewPart(context: StepContext, preview: Preview, again: () => void): readonly Child[] {
  const blocked = preview.steps.some(isBlocked);
  return [
    message(blocked ? "problem" : "info", countText(preview)),
    h("ol", { class: "plan" }, ...preview.steps.map(stepCard)),
    h(
      "div",
      { class: "buttons" },
      button(text("checkAgain"), again),
      button(text("copyScript"), () => void copyScript(context, preview)),
    ),
  ];
}

async function copyScript(context: StepContext, { script }: Preview): Promise<void> {
  await context.call("copyText", { text: script });
  context.announce(text("copied", text("commands")));
}

function countText({ steps }: Preview): string {
  const count = (kind: PreviewStep["state"]["kind"]) => steps.filter(({ state }) => state.kind === kind).length;
  if (count("blocked") > 0) {
    return text("reviewBlocked", count("blocked"));
  }
  return count("needed") === 0 ? text("reviewNothing") : text("reviewChanges", count("needed"), count("satisfied"));
}

const badgeKinds = { satisfied: "on", needed: "busy", blocked: "bad" } as const;

function stepCard(step: PreviewStep): HTMLElement {
  const { kind } = step.state;
  return h(
    "li",
    { class: `card card-${kind}` },
    h(
      "div",
      { class: "card-head" },
      h("h3", {}, step.title),
      h("span", { class: `badge badge-${badgeKinds[kind]}` }, text(kind)),
    ),
    h("p", { class: "note" }, step.why),
    stateList(step),
    commandsPart(step),
  );
}

function stateList({ state, irreversible }: PreviewStep): HTMLElement {
  switch (state.kind) {
    case "satisfied":
      return h("dl", {}, ...pair(text("now"), state.now));
    case "needed":
      return h(
        "dl",
        {},
        ...pair(text("now"), state.before),
        ...pair(text("after"), state.after),
        ...state.warnings.flatMap((warning) => pair(text("warning"), warning, "warning")),
        ...(irreversible === undefined ? [] : pair(text("irreversible"), irreversible)),
      );
    case "blocked":
      return h(
        "dl",
        {},
        ...pair(text("whyBlocked"), state.reason, "problem"),
        ...(state.remedy === undefined ? [] : pair(text("remedy"), state.remedy)),
      );
  }
}

function pair(term: string, description: string, kind?: string): readonly HTMLElement[] {
  return [h("dt", { class: kind }, term), h("dd", { class: kind }, description)];
}

function commandsPart({ title, commands }: PreviewStep): HTMLElement | false {
  if (commands.length === 0) {
    return false;
  }
  const code = commands.map((line) => h("code", {}, line, "\n"));
  const pre = h("pre", { tabindex: 0, role: "region", "aria-label": text("commandsOf", title) }, ...code);
  return h("details", {}, h("summary", {}, text("commands")), pre);
}
