import type { ClusterChoice, ClusterState } from "../../protocol.ts";
import { ChoiceList, type Badge } from "../choiceList.ts";
import type { ShownStep, StepContext, WizardStep } from "../step.ts";
import { text, type TextKey } from "../texts.ts";

export const clusterStep: WizardStep = {
  id: "cluster",
  name: "clusterStep",
  heading: "clusterHeading",
  isComplete: ({ cluster }) => cluster !== undefined,
  summary: ({ cluster }) => cluster?.name,
  show,
};

function show(context: StepContext): ShownStep {
  const list = new ChoiceList<ClusterChoice>({
    searchLabel: text("clusterSearch"),
    emptyText: text("clusterNone"),
    chosenId: context.draft.cluster?.id,
    signal: context.signal,
    async list(search, signal) {
      const found = await context.call("listClusters", search, signal);
      return { ...found, items: found.clusters };
    },
    refresh: () => context.call("refreshEstate", {}, context.signal),
    onEstate: (listener) => {
      context.on("estate", listener, context.signal);
    },
    groupOf: ({ subscriptionName }) => subscriptionName,
    rowOf: (cluster) => ({
      id: cluster.id,
      name: cluster.name,
      note: `${cluster.resourceGroup} · ${cluster.location}`,
      badges: badgesOf(cluster),
    }),
    onChoose({ id, name, subscriptionId, resourceGroup }) {
      context.choose({ kind: "cluster", cluster: { id, name, subscriptionId, resourceGroup } });
    },
  });
  return {
    body: list.element,
    findProblem: () => (context.draft.cluster ? undefined : { message: text("clusterMissing"), focus: list.search }),
  };
}

const states = {
  on: { label: "stateOn", kind: "on" },
  off: { label: "stateOff", kind: "off" },
  updating: { label: "stateUpdating", kind: "busy" },
  stopped: { label: "stateStopped", kind: "plain" },
  failed: { label: "stateFailed", kind: "bad" },
} as const satisfies Record<ClusterState, { label: TextKey; kind: Badge["kind"] }>;

function badgesOf({ state, isPrivate, isUnreachable }: ClusterChoice): readonly Badge[] {
  const { label, kind } = states[state];
  const badges: Badge[] = [{ label: text(label), kind }];
  if (isPrivate) {
    badges.push({ label: text("private"), kind: "plain" });
  }
  if (isUnreachable) {
    badges.push({ label: text("stateUnreachable"), kind: "bad" });
  }
  return badges;
}
