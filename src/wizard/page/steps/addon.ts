import type { ClusterDetails, Rotation } from "../../protocol.ts";
import { CheckedField } from "../checkedField.ts";
import { button, load, message, radios } from "../controls.ts";
import { fill, h, type Child } from "../dom.ts";
import type { Problem, ShownStep, StepContext, WizardStep } from "../step.ts";
import { text } from "../texts.ts";

export const addonStep: WizardStep = {
  id: "addon",
  name: "addonStep",
  heading: "addonHeading",
  isComplete: () => true,
  summary: ({ rotation }) => rotation && rotationText(rotation),
  show,
};

function rotationText({ isEnabled, pollInterval }: Rotation): string {
  return `${text("rotation")}: ${isEnabled ? text("rotationEvery", pollInterval) : text("rotationIsOff")}`;
}

/** What is known of the cluster by now. */
interface Known {
  details: ClusterDetails | undefined;
  interval: CheckedField | undefined;
}

function show(context: StepContext): ShownStep {
  const known: Known = { details: undefined, interval: undefined };
  const body = h("div", {});
  const clusterId = context.draft.cluster?.id ?? "";
  const look = () =>
    load(
      body,
      () => context.call("getCluster", { clusterId }, context.signal),
      (details) => {
        known.details = details;
        return [
          ...stateOf(details, () => void look()),
          reachPlace(context, details, clusterId),
          ...rotationPart(context, known, details),
        ];
      },
    );
  void look();
  return { body, findProblem: () => findProblem(known) };
}

async function findProblem({ details, interval }: Known): Promise<Problem | undefined> {
  if (details?.state === "stopped" && !details.isOn) {
    return { message: text("addonStopped"), focus: undefined };
  }
  const verdict = await interval?.settled();
  return verdict?.kind === "problem" ? { message: verdict.message, focus: interval?.input } : undefined;
}

function stateOf(details: ClusterDetails, again: () => void): readonly Child[] {
  switch (details.state) {
    case "stopped":
      return [message("problem", text("addonStopped")), button(text("checkAgain"), again)];
    case "updating":
      return [message("warning", text("addonUpdating", details.provisioningState)), button(text("checkAgain"), again)];
    case "failed":
      return [message("warning", text("addonFailed")), onOrOff(details)];
    case "on":
    case "off":
      return [onOrOff(details)];
  }
}

function onOrOff({ isOn }: ClusterDetails): HTMLElement {
  return isOn ? message("good", text("addonOn")) : message("info", text("addonOff"));
}

/** Asks apart from the rest, since a cluster that does not answer takes its time. */
function reachPlace(context: StepContext, details: ClusterDetails, clusterId: string): HTMLElement {
  const place = h("div", { "aria-live": "polite" });
  if (details.state !== "stopped") {
    void tellReach(context, details, clusterId, place);
  }
  return place;
}

async function tellReach(
  context: StepContext,
  details: ClusterDetails,
  clusterId: string,
  place: HTMLElement,
): Promise<void> {
  try {
    const reach = await context.call("checkClusterReach", { clusterId }, context.signal);
    if (reach.kind === "unreachable") {
      const why = text("addonUnreachable", reach.message);
      fill(
        place,
        message("warning", details.isPrivate ? text("addonPrivate") : why),
        details.isPrivate && h("p", { class: "note" }, reach.message),
      );
    }
  } catch {
    // Not knowing is no obstacle here: the plan's last step asks again.
  }
}

function rotationPart(context: StepContext, known: Known, details: ClusterDetails): readonly Child[] {
  const rotation = context.draft.rotation ?? details.rotation;
  const place = h("div", { class: "indent" });
  const options = [
    { value: "off", label: text("rotationOff"), note: text("rotationOffNote") },
    { value: "on", label: text("rotationOn"), note: text("rotationOnNote") },
  ] as const;
  const showInterval = (now: Rotation) => {
    known.interval = now.isEnabled ? intervalField(context, now) : undefined;
    fill(place, known.interval?.element);
  };
  showInterval(rotation);
  return [
    radios(text("rotation"), options, rotation.isEnabled ? "on" : "off", (value) => {
      const pollInterval = context.draft.rotation?.pollInterval ?? details.rotation.pollInterval;
      const now = { isEnabled: value === "on", pollInterval };
      context.choose({ kind: "rotation", rotation: now });
      showInterval(now);
    }),
    place,
  ];
}

function intervalField(context: StepContext, rotation: Rotation): CheckedField {
  return new CheckedField({
    label: text("pollInterval"),
    note: text("pollIntervalNote"),
    value: rotation.pollInterval,
    signal: context.signal,
    onInput(pollInterval) {
      context.choose({ kind: "rotation", rotation: { isEnabled: true, pollInterval } });
    },
    async check(value, signal) {
      const { problem } = await context.call("checkPollInterval", { text: value }, signal);
      return problem === undefined ? undefined : { kind: "problem", message: problem };
    },
  });
}
