import { checkSecretProperties, maxSecretBytes } from "../services/azure/vaultObjectRules.ts";
import type { CallOptions } from "../services/call.ts";
import { t } from "../services/l10n.ts";
import type { Logger } from "../services/log.ts";
import { parseGoDuration } from "../services/plan/duration.ts";
import { exportScript, formatScriptLine } from "../services/plan/export.ts";
import type { Intent } from "../services/plan/intent.ts";
import { makePlan } from "../services/plan/makePlan.ts";
import { checkPlan, type CheckedStep } from "../services/plan/plan.ts";
import type { ProofReport } from "../services/plan/proof.ts";
import type { Services } from "../services/services.ts";
import { parseApply, parseDraft, parsePreview, secretProperties, type WholeDraft } from "./draftSchema.ts";
import { classPreview } from "./classPreview.ts";
import { keepEstate, type EstateKeeper } from "./estate.ts";
import { makeIntent } from "./intent.ts";
import { clusterList, subscriptionList, vaultList } from "./lists.ts";
import { chosenCluster, clusterDetails, clusterReach, groupNameProblem, places } from "./lookups.ts";
import { identities, namespaces, secretName, vaultDetails, vaultName } from "./lookups.ts";
import { mountNameProblem, proposeMount } from "./mount.ts";
import type {
  Handlers,
  LinkName,
  Names,
  Nothing,
  Preview,
  PreviewStep,
  Run,
  WizardEvents,
  WizardRequests,
} from "./protocol.ts";
import { readResult } from "./result.ts";
import { keepRun, type RunInput, type RunKeeper } from "./run.ts";
import { toWireError } from "./serve.ts";

/** What the wizard does outside the services, given by the view. */
export interface WizardEffects {
  copyText(text: string): Promise<void>;
  openExternal(url: string): Promise<void>;
  /** Tells the page, if there is one just now. */
  emit<K extends Names<WizardEvents>>(name: K, value: WizardEvents[K]): void;
  readonly log: Logger;
}

/** The wizard as the extension host keeps it. It outlives the page. */
export interface WizardSession {
  readonly handlers: Handlers<WizardRequests>;
  /** Chooses a cluster, in the page that is there or in the next one. */
  open(clusterId: string): void;
  /** Another account, cloud or choice of subscriptions: lists are read anew. A run goes on. */
  forgetEstate(): void;
  dispose(): void;
}

const links = {
  addonDocs: "https://learn.microsoft.com/azure/aks/csi-secrets-store-driver",
  accessDocs: "https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access",
  workloadDocs: "https://learn.microsoft.com/azure/aks/csi-secrets-store-configuration-options",
} as const satisfies Record<LinkName, string>;

const nothing: Nothing = {};

interface Parts {
  readonly getServices: () => Promise<Services>;
  readonly effects: WizardEffects;
  readonly estate: EstateKeeper;
  readonly run: RunKeeper;
  /** Lower-cased ids of clusters that did not answer this machine when it last asked. */
  readonly unreachable: Set<string>;
}

/**
 * @param getServices asked for each request: signing in, or another cloud, may have made other services
 * @param chosenSubscriptions bare GUIDs; undefined: all that the person may see
 */
export function createWizardSession(
  getServices: () => Promise<Services>,
  effects: WizardEffects,
  chosenSubscriptions: () => readonly string[] | undefined = () => undefined,
): WizardSession {
  const onChange = () => {
    effects.emit("estate", nothing);
  };
  const estate = keepEstate({ getServices, chosenSubscriptions, onChange });
  const run = keepRun((changed) => {
    effects.emit("run", changed);
  });
  const parts: Parts = { getServices, effects, estate, run, unreachable: new Set() };
  let opening: string | undefined;
  return {
    handlers: {
      ...lookupHandlers(parts),
      ...mountHandlers(parts),
      ...planHandlers(parts),
      takeOpening() {
        const cluster = opening === undefined ? undefined : chosenCluster(opening);
        opening = undefined;
        return { cluster };
      },
    },
    open(clusterId) {
      opening = clusterId;
      effects.emit("open", nothing);
    },
    forgetEstate() {
      estate.forget();
    },
    dispose() {
      estate.dispose();
      run.dispose();
    },
  };
}

function lookupHandlers({ getServices, effects, estate, unreachable }: Parts) {
  return {
    listClusters: (search) => clusterList(estate.known(), search, unreachable),
    listVaults: (search) => vaultList(estate.known(), search),
    listSubscriptions: () => subscriptionList(estate.known()),
    refreshEstate() {
      estate.refresh();
      return nothing;
    },
    getCluster: async ({ clusterId }, signal) => clusterDetails(await getServices(), clusterId, { signal }),
    async checkClusterReach({ clusterId }, signal) {
      const reach = await clusterReach(await getServices(), clusterId, { signal });
      if (reach.kind === "unreachable") {
        unreachable.add(clusterId.toLowerCase());
      } else {
        unreachable.delete(clusterId.toLowerCase());
      }
      return reach;
    },
    checkPollInterval: ({ text }) => ({ problem: pollIntervalProblem(text) }),
    getVault: async ({ vaultId }, signal) => vaultDetails(await getServices(), vaultId, { signal }),
    listPlaces: async ({ subscriptionId }, signal) => places(await getServices(), subscriptionId, { signal }),
    checkGroupName: ({ text }) => ({ problem: groupNameProblem(text) }),
    checkVaultName: (fresh, signal) => vaultName(getServices, fresh, { signal }),
    checkSecretName: (secret, signal) => secretName(getServices, secret, { signal }),
    checkSecretProperties: ({ secret }) => ({ problem: checkSecretProperties(secretProperties(secret)) }),
    async copyText({ text }) {
      await effects.copyText(text);
      return nothing;
    },
    async openLink({ link }) {
      await effects.openExternal(links[link]);
      return nothing;
    },
  } satisfies Partial<Handlers<WizardRequests>>;
}

function mountHandlers(parts: Parts) {
  const { getServices } = parts;
  return {
    proposeMount: (params) => proposeMount(parseDraft(params)),
    listIdentities: async ({ subscriptionId }, signal) => identities(await getServices(), subscriptionId, { signal }),
    listNamespaces: async ({ clusterId }, signal) => namespaces(await getServices(), clusterId, { signal }),
    checkMountName: ({ kind, text }) => ({ problem: mountNameProblem(kind, text) }),
    previewClass: async (params, signal) => classPreview(await getServices(), parseDraft(params), { signal }),
  } satisfies Partial<Handlers<WizardRequests>>;
}

function planHandlers(parts: Parts) {
  const { run } = parts;
  return {
    load: () => ({ run: run.current(), maxSecretBytes }),
    preview: (params, signal) => preview(parts, params, { signal }),
    apply: (params) => run.start(() => prepareRun(parts, params)),
    stopApply: (): Run | undefined => run.stop(),
    undo: (): Run | undefined => run.undo(),
    closeRun() {
      run.close();
      return nothing;
    },
  } satisfies Partial<Handlers<WizardRequests>>;
}

/** The value stays in the page until Apply; the review needs to know only that there is one. */
const standIn = "value";

async function preview(parts: Parts, params: unknown, options: CallOptions): Promise<Preview> {
  const { draft, hasValue } = parsePreview(params);
  const services = await parts.getServices();
  const intent = await intentOf(parts, services, draft, options);
  const steps = makePlan(services, intent, () => (hasValue ? standIn : undefined));
  const checked = await checkPlan(steps, services, options);
  const satisfied = new Set(checked.flatMap(({ step, state }) => (state.kind === "satisfied" ? [step.id] : [])));
  return { steps: checked.map(previewStep), script: exportScript(steps, satisfied) };
}

function previewStep({ step, state }: CheckedStep): PreviewStep {
  const { id, title, why } = step;
  const ofState = state.kind === "needed" ? state.irreversible : undefined;
  const irreversible = ofState ?? step.irreversible;
  return { id, title, why, state, irreversible, commands: step.commands().map(formatScriptLine) };
}

function intentOf({ estate }: Parts, services: Services, draft: WholeDraft, options?: CallOptions): Promise<Intent> {
  return makeIntent(draft, {
    tenantOf: (subscriptionId) => estate.tenantOf(subscriptionId),
    locationOf: async (clusterId) => (await services.managedClusters.get(clusterId, options)).location,
  });
}

async function prepareRun(parts: Parts, params: unknown): Promise<RunInput> {
  const { draft, value } = parseApply(params);
  const services = await parts.getServices();
  const intent = await intentOf(parts, services, draft);
  let secretValue = value;
  let proof: ProofReport | undefined;
  const onProof = (report: ProofReport) => {
    proof = report;
  };
  return {
    key: JSON.stringify(intent),
    steps: makePlan(services, intent, () => secretValue, { onProof }),
    readResult: (options) => readResult(services, intent, proof, options),
    explain: (error) => toWireError(error, "apply", parts.effects.log).message,
    onEnd() {
      secretValue = undefined;
    },
  };
}

function pollIntervalProblem(text: string): string | undefined {
  return parseGoDuration(text) === undefined ? t("Write the interval like 2m, 120s or 1h30m.") : undefined;
}
