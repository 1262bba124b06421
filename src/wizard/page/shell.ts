import type { Loaded, Run, WizardDraft } from "../protocol.ts";
import { isAbort, type Connection } from "./connect.ts";
import { button, failure, message } from "./controls.ts";
import { fill, h } from "./dom.ts";
import { choose, emptyDraft, wantsSecret, type Choice, type Saved } from "./draft.ts";
import { runScreen, type RunActions, type RunScreen } from "./runScreen.ts";
import type { ShownStep, StepContext, WizardStep } from "./step.ts";
import { stepper } from "./stepper.ts";
import { steps } from "./steps.ts";
import { text } from "./texts.ts";

export interface ShellParts {
  readonly connection: Connection;
  readonly root: HTMLElement;
  readonly saved: Saved | undefined;
  readonly loaded: Loaded;
  save(saved: Saved): void;
}

/** What the page remembers. Only the draft is saved. */
interface Memory {
  draft: WizardDraft;
  value: string | undefined;
  wasInterrupted: boolean;
}

/** A step on the screen, with its main button and the place for what keeps one from going on. */
interface OpenStep {
  readonly step: WizardStep;
  readonly shown: ShownStep;
  readonly next: HTMLButtonElement;
  readonly problem: HTMLElement;
  readonly leave: AbortController;
  isLeaving: boolean;
}

/** The wizard on the screen: one step at a time, or the run. */
export class Shell {
  readonly #parts: ShellParts;
  readonly #memory: Memory;
  readonly #place = h("div", {});
  readonly #live = h("div", { class: "hidden", role: "status" });
  readonly #stepper = stepper((step) => {
    this.#goTo(step);
  });
  #open: OpenStep | undefined;
  #run: { readonly id: string; readonly screen: RunScreen } | undefined;

  constructor(parts: ShellParts) {
    this.#parts = parts;
    this.#memory = { draft: parts.saved?.draft ?? emptyDraft, value: undefined, wasInterrupted: false };
    fill(parts.root, h("h1", { class: "hidden" }, text("title")), this.#stepper.element, this.#place, this.#live);
    parts.connection.on("run", (run) => {
      this.#showRun(run);
    });
    parts.connection.on("open", () => void this.takeOpening());
    document.addEventListener("keydown", (event) => {
      this.#onKey(event);
    });
  }

  /** Shows where the person was: the run if there is one, or the saved step, or the last before it that can be reached. */
  start(): void {
    const { loaded, saved } = this.#parts;
    if (loaded.run) {
      this.#showRun(loaded.run);
      return;
    }
    this.#memory.wasInterrupted = saved?.screen === "run";
    const wanted = this.#memory.wasInterrupted ? steps.at(-1) : steps.find(({ id }) => id === saved?.screen);
    this.#show(this.#reachable(wanted));
  }

  /** Goes to the cluster somebody asked for, unless a run is shown. */
  async takeOpening(): Promise<void> {
    const { cluster } = await this.#parts.connection.call("takeOpening", {});
    if (cluster && !this.#run) {
      this.#memory.draft = choose(this.#memory.draft, { kind: "cluster", cluster });
      this.#goTo(steps[1]);
    }
  }

  #reachable(wanted: WizardStep | undefined): WizardStep | undefined {
    const { draft, value } = this.#memory;
    const firstOpen = steps.find((step) => !step.isComplete(draft, value));
    if (!wanted || !firstOpen) {
      return wanted ?? steps[0];
    }
    return steps.indexOf(firstOpen) < steps.indexOf(wanted) ? firstOpen : wanted;
  }

  #goTo(step: WizardStep | undefined): void {
    this.#show(this.#reachable(step));
    this.#place.querySelector("h2")?.focus();
    window.scrollTo(0, 0);
  }

  #goBack(): void {
    if (this.#open) {
      this.#goTo(steps[steps.indexOf(this.#open.step) - 1] ?? this.#open.step);
    }
  }

  #choose(choice: Choice): void {
    this.#memory.draft = choose(this.#memory.draft, choice);
    this.#save();
    this.#showStepper();
  }

  #showStepper(): void {
    this.#stepper.element.hidden = this.#open === undefined;
    if (this.#open) {
      this.#stepper.show(this.#open.step, this.#memory.draft, this.#memory.value);
    }
  }

  #save(): void {
    this.#parts.save({ draft: this.#memory.draft, screen: this.#run ? "run" : (this.#open?.step.id ?? "") });
  }

  #announce(sentence: string): void {
    this.#live.textContent = sentence;
  }

  #show(step: WizardStep | undefined): void {
    if (!step) {
      return;
    }
    this.#open?.leave.abort();
    this.#run = undefined;
    const next = h("button", { type: "submit", class: "primary" }, text(step.button ?? "next"));
    const leave = new AbortController();
    const shown = step.show(this.#contextFor(next, leave.signal));
    const open = { step, shown, next, problem: h("div", { role: "alert" }), leave, isLeaving: false };
    this.#open = open;
    this.#save();
    fill(this.#place, this.#formOf(open));
    this.#showStepper();
  }

  #formOf(open: OpenStep): HTMLElement {
    const { step, shown, next, problem } = open;
    const back = button(text("back"), () => {
      this.#goBack();
    });
    const submit = (event: Event) => {
      event.preventDefault();
      void this.#goOn(open);
    };
    return h(
      "form",
      { novalidate: true, submit },
      h("h2", { tabindex: -1 }, text(step.heading)),
      shown.body,
      problem,
      h("div", { class: "buttons footer" }, next, step !== steps[0] && back),
    );
  }

  #contextFor(next: HTMLButtonElement, signal: AbortSignal): StepContext {
    const memory = this.#memory;
    const { connection, loaded } = this.#parts;
    return {
      get draft() {
        return memory.draft;
      },
      get value() {
        return memory.value;
      },
      set value(value) {
        memory.value = value;
      },
      maxSecretBytes: loaded.maxSecretBytes,
      wasInterrupted: memory.wasInterrupted,
      signal,
      call: connection.call,
      on: connection.on,
      choose: (choice) => {
        this.#choose(choice);
      },
      announce: (sentence) => {
        this.#announce(sentence);
      },
      allowNext: (isAllowed) => {
        next.disabled = !isAllowed;
      },
    };
  }

  /** Leaves a step for the next one, or applies, unless something is wrong with it. Pressing twice does it once. */
  async #goOn(open: OpenStep): Promise<void> {
    if (open.isLeaving || open.next.disabled) {
      return;
    }
    open.isLeaving = true;
    fill(open.problem);
    try {
      const problem = await open.shown.findProblem?.();
      if (problem) {
        fill(open.problem, message("problem", problem.message));
        problem.focus?.focus();
      } else if (!open.leave.signal.aborted) {
        await this.#goPast(open.step);
      }
    } catch (error) {
      if (!isAbort(error)) {
        fill(
          open.problem,
          failure(error, () => void this.#goOn(open)),
        );
      }
    } finally {
      open.isLeaving = false;
    }
  }

  async #goPast(step: WizardStep): Promise<void> {
    const following = steps[steps.indexOf(step) + 1];
    if (following) {
      this.#goTo(following);
      return;
    }
    const { draft, value } = this.#memory;
    this.#showNewRun(await this.#parts.connection.call("apply", wantsSecret(draft) ? { draft, value } : { draft }));
  }

  /** Shows a run that was started, unless events have told more of it by now. */
  #showNewRun(run: Run): void {
    if (run.id !== this.#run?.id) {
      this.#showRun(run);
    }
  }

  #showRun(run: Run): void {
    if (this.#run?.id === run.id) {
      this.#run.screen.update(run);
    } else {
      this.#openRun(run);
    }
    if (run.state === "done") {
      this.#memory.value = undefined;
      this.#choose({ kind: "secret", change: { hadValue: false } });
    }
  }

  #openRun(run: Run): void {
    this.#open?.leave.abort();
    this.#open = undefined;
    this.#memory.wasInterrupted = false;
    const screen = runScreen(run, this.#runActions());
    this.#run = { id: run.id, screen };
    this.#save();
    fill(this.#place, screen.element);
    this.#showStepper();
    screen.heading.focus();
  }

  #runActions(): RunActions {
    const { call } = this.#parts.connection;
    return {
      stop: () => void call("stopApply", {}),
      undo: () => void this.#undo(),
      backToReview: () => void this.#closeRun(steps.at(-1)),
      startAnother: () => {
        this.#memory.draft = emptyDraft;
        void this.#closeRun(steps[0]);
      },
      copy: (label, value) => void this.#copy(label, value),
      openLink: (link) => void call("openLink", { link }),
      announce: (sentence) => {
        this.#announce(sentence);
      },
    };
  }

  async #closeRun(next: WizardStep | undefined): Promise<void> {
    await this.#parts.connection.call("closeRun", {});
    this.#goTo(next);
  }

  async #undo(): Promise<void> {
    const run = await this.#parts.connection.call("undo", {});
    if (run) {
      this.#showNewRun(run);
    }
  }

  async #copy(label: string, value: string): Promise<void> {
    await this.#parts.connection.call("copyText", { text: value });
    this.#announce(text("copied", label));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && !event.defaultPrevented && !isTyping(event.target)) {
      this.#goBack();
    }
  }
}

/** Escape belongs to a field while one types in it. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) {
    return target.type !== "radio" && target.type !== "checkbox";
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
