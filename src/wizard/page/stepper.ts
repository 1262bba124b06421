import type { WizardDraft } from "../protocol.ts";
import { fill, h } from "./dom.ts";
import type { WizardStep } from "./step.ts";
import { steps } from "./steps.ts";
import { text } from "./texts.ts";

/** The list of steps on top: where one is, what was chosen, and a way back or forth. */
export function stepper(goTo: (step: WizardStep) => void) {
  const list = h("ol", {});
  return {
    element: h("nav", { class: "stepper", "aria-label": text("steps") }, list),
    show(current: WizardStep, draft: WizardDraft, value: string | undefined): void {
      const firstOpen = steps.findIndex((step) => !step.isComplete(draft, value));
      const reach = firstOpen === -1 ? steps.length - 1 : firstOpen;
      const currentIndex = steps.indexOf(current);
      const rows = steps.map((step, index) => {
        const canGo = index !== currentIndex && index <= Math.max(reach, currentIndex);
        return row(step, { draft, index, currentIndex, canGo, goTo });
      });
      fill(list, ...rows);
    },
  };
}

interface Place {
  readonly draft: WizardDraft;
  readonly index: number;
  readonly currentIndex: number;
  readonly canGo: boolean;
  readonly goTo: (step: WizardStep) => void;
}

function row(step: WizardStep, { draft, index, currentIndex, canGo, goTo }: Place): HTMLElement {
  const isCurrent = index === currentIndex;
  const isPast = index < currentIndex;
  const summary = index <= currentIndex ? step.summary(draft) : undefined;
  const inner = [
    h("span", { class: "mark", "aria-hidden": "true" }, isPast ? "✓" : String(index + 1)),
    h("span", { class: "step-name" }, text(step.name)),
    isPast && h("span", { class: "hidden" }, ` (${text("stepDone")}) `),
    summary !== undefined && h("span", { class: "step-summary" }, " ", summary),
  ];
  const kind = isCurrent ? "current" : isPast ? "past" : "future";
  return h(
    "li",
    { class: `step-${kind}`, "aria-current": isCurrent && "step" },
    canGo
      ? h(
          "button",
          {
            type: "button",
            class: "step",
            click: () => {
              goTo(step);
            },
          },
          ...inner,
        )
      : h("span", { class: "step" }, ...inner),
  );
}
