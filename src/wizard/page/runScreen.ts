import type { LinkName, Run, RunStep } from "../protocol.ts";
import { button, message } from "./controls.ts";
import { fill, h } from "./dom.ts";
import { resultPart } from "./resultPart.ts";
import { text, type TextKey } from "./texts.ts";
import { undoPart } from "./undoPart.ts";

export interface RunActions {
  readonly stop: () => void;
  readonly undo: () => void;
  readonly backToReview: () => void;
  readonly startAnother: () => void;
  readonly copy: (label: string, value: string) => void;
  readonly openLink: (link: LinkName) => void;
  readonly announce: (message: string) => void;
}

export interface RunScreen {
  readonly element: HTMLElement;
  readonly heading: HTMLElement;
  update(run: Run): void;
}

const ends = { failed: "failedHeading", stopped: "stoppedHeading" } as const;
const headings = {
  apply: { running: "runHeading", stopping: "runHeading", done: "resultHeading", ...ends },
  undo: { running: "undoingHeading", stopping: "undoingHeading", done: "undoneHeading", ...ends },
} as const satisfies Record<Run["kind"], Record<Run["state"], TextKey>>;

/** The checklist of a run, and what came of it. */
export function runScreen(run: Run, actions: RunActions): RunScreen {
  const heading = h("h2", { tabindex: -1 });
  const intro = h("p", { class: "note" });
  const list = h("ol", { class: "checklist", "aria-label": text("runSteps") });
  const end = h("div", {});
  const buttons = h("div", { class: "buttons footer" });
  let shown: Run | undefined;

  function update(now: Run): void {
    const before = shown;
    shown = now;
    fill(list, ...now.steps.map(stepRow));
    announceChanges(before, now, actions);
    if (before?.state !== now.state) {
      showState(now);
    }
    if (before && !isOver(before) && isOver(now)) {
      heading.focus();
    }
  }

  function showState(now: Run): void {
    heading.textContent = text(headings[now.kind][now.state]);
    intro.hidden = isOver(now);
    fill(intro, text("runIntro"));
    fill(
      end,
      now.message !== undefined && messageOf(now, now.message),
      now.result && resultPart(now.result, actions),
      undoPart(now, actions.undo),
    );
    fill(buttons, ...buttonsFor(now, actions));
  }

  update(run);
  const place = h("section", { class: "run" }, heading, intro, end, list, buttons);
  return { element: place, heading, update };
}

function isOver({ state }: Run): boolean {
  return state !== "running" && state !== "stopping";
}

function messageOf(run: Run, sentence: string): HTMLElement {
  return h("div", { role: "alert" }, message(run.state === "failed" ? "problem" : "warning", sentence));
}

function buttonsFor(run: Run, actions: RunActions): readonly HTMLElement[] {
  switch (run.state) {
    case "running":
      return [button(text("runStop"), actions.stop), h("p", { class: "note" }, text("runStopNote"))];
    case "stopping":
      return [
        button(text("runStopping"), actions.stop, { disabled: true }),
        h("p", { class: "note" }, text("runStopNote")),
      ];
    case "failed":
    case "stopped":
      return [button(text("backToReview"), actions.backToReview, { class: "primary" })];
    case "done":
      return [button(text("startAnother"), actions.startAnother)];
  }
}

const icons = {
  waiting: "○",
  running: "◐",
  done: "✓",
  skipped: "✓",
  failed: "✕",
  stopped: "■",
} as const satisfies Record<RunStep["state"], string>;

function stepRow({ title, state, detail }: RunStep): HTMLElement {
  return h(
    "li",
    { class: `check-${state}`, "aria-current": state === "running" && "step" },
    h("span", { class: "icon", "aria-hidden": "true" }, icons[state]),
    h(
      "div",
      {},
      h("span", { class: "check-title" }, title),
      " ",
      h("span", { class: "check-state" }, text(state)),
      detail !== undefined && h("p", { class: "note" }, detail),
    ),
  );
}

function announceChanges(before: Run | undefined, now: Run, actions: RunActions): void {
  const changed = now.steps.filter((step, index) => step.state !== before?.steps[index]?.state);
  const told = changed.filter(({ state }) => state !== "waiting");
  if (before && told.length > 0) {
    actions.announce(told.map(({ title, state }) => text("announceStep", title, text(state))).join(" "));
  }
}
