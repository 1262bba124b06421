/** A sandbox of its own for each test of plans: a bare cluster, whoever owns everything signed in, and a canary in the place of the secret's value. */
import { randomBytes } from "node:crypto";

import { formatResourceId } from "../../../../../src/services/azure/resourceId.ts";
import type { CallOptions } from "../../../../../src/services/call.ts";
import type { IfDeleted, Intent } from "../../../../../src/services/plan/intent.ts";
import { makePlan, type PlanExtras } from "../../../../../src/services/plan/makePlan.ts";
import {
  applyPlan,
  checkPlan,
  undoPlan,
  type ApplyPlanOptions,
  type MadeThing,
  type StepProgress,
} from "../../../../../src/services/plan/plan.ts";
import type { Step, StepState } from "../../../../../src/services/plan/step.ts";
import type { Services } from "../../../../../src/services/services.ts";
import type { ClusterOptions } from "../../../../sandbox/clusterBody.ts";
import type { JournalEntry } from "../../../../sandbox/server.ts";
import type { Cluster, Vault } from "../../../../sandbox/state.ts";
import { startAzureBench, type AzureBench } from "../../azure/support/azureBench.ts";

export const times = { withinMs: 20_000, everyMs: 20 };

export interface PlanBench extends AzureBench {
  readonly cluster: Cluster;
  /** The secret's value: must never be seen outside the vault. */
  readonly canary: string;
  readonly group: string;
  vaultId(name?: string): string;
  /** Add-on on, a new vault, a secret in it. */
  intent(change?: Partial<Intent>): Intent;
  plan(
    intent: Intent,
    extras?: PlanExtras & { readonly value?: string; readonly services?: Services },
  ): readonly Step[];
  /** What was told of a plan while it was applied. */
  readonly progress: StepProgress[];
  apply(steps: readonly Step[], options?: ApplyPlanOptions): Promise<readonly MadeThing[]>;
  undo(steps: readonly Step[], made: readonly MadeThing[], options?: CallOptions): Promise<void>;
  /** Step id → state. */
  check(steps: readonly Step[], services?: Services): Promise<Readonly<Record<string, StepState>>>;
  /** Step id → the kind of its state. */
  kinds(steps: readonly Step[], services?: Services): Promise<Readonly<Record<string, StepState["kind"]>>>;
  /** Requests that changed something, as `METHOD last/segments`, without those that only ask. */
  changes(): readonly string[];
  vault(name?: string): Vault | undefined;
  /** Everything of the world a plan may change, as comparable data. */
  snapshot(): unknown;
}

export async function startPlanBench(options: ClusterOptions = {}): Promise<PlanBench> {
  const bench = await startAzureBench();
  const cluster = bench.sandbox.addCluster({ name: "web", ...options });
  const canary = `canary-${randomBytes(12).toString("hex")}`;
  const { subscriptionId, resourceGroup: group } = cluster;
  const vaultId = (name = "contoso-kv") =>
    formatResourceId({ subscriptionId, resourceGroup: group, type: "Microsoft.KeyVault/vaults", name });
  const progress: StepProgress[] = [];
  const check: PlanBench["check"] = async (steps, services = bench.services) =>
    Object.fromEntries((await checkPlan(steps, services)).map(({ step, state }) => [step.id, state]));
  return {
    ...bench,
    cluster,
    canary,
    group,
    vaultId,
    intent: (change = {}) => ({
      clusterId: cluster.id,
      rotation: undefined,
      vault: { kind: "new", vault: newVault(vaultId(), bench.owner.tenantId), ifDeleted: undefined },
      secret: secretNamed("ExampleSecret"),
      ...change,
    }),
    plan: (intent, { value = canary, services = bench.services, ...extras } = {}) =>
      makePlan(services, intent, () => value || undefined, { times, ...extras }),
    progress,
    apply: (steps, how) => applyPlan(steps, (told) => void progress.push(told), how),
    undo: (steps, made, how) => undoPlan(steps, made, (told) => void progress.push(told), how),
    check,
    kinds: async (steps, services) =>
      Object.fromEntries(Object.entries(await check(steps, services)).map(([id, state]) => [id, state.kind])),
    changes: () => bench.sandbox.requests().filter(changesSomething).map(describe),
    vault: (name) => bench.sandbox.world.vaults.get(vaultId(name).toLowerCase()),
    snapshot: () => snapshotOf(bench),
  };
}

export function newVault(id: string, tenantId: string) {
  return { id, location: "eastus2", tenantId, usesRbac: true, isPurgeProtected: false };
}

export function secretNamed(name: string, ifDeleted: IfDeleted = undefined) {
  return { name, properties: {}, ifDeleted };
}

/** Tokens, kubeconfigs, name checks, review of one's own rights and the probe that cannot hit anything change nothing. 299: a fault's own answer. */
function changesSomething({ plane, method, path, status }: JournalEntry): boolean {
  const isAsking =
    /listClusterUserCredential|checkNameAvailability|ResourceGraph|selfsubjectaccessreviews|key-vault-csi-probe|dryRun=/i;
  return plane !== "entra" && method !== "GET" && status > 0 && status < 299 && !isAsking.test(path);
}

function describe({ method, path }: JournalEntry): string {
  const [plain = ""] = path.split("?");
  return `${method} ${plain
    .split("/")
    .slice(-2)
    .join("/")
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/gi, "*")
    .replace(/^key-vault-csi-proof-.*$|(pods\/)key-vault-csi-proof-.*$/, "$1proof")}`;
}

function snapshotOf({ sandbox: { world } }: AzureBench): unknown {
  const ids = (map: ReadonlyMap<string, unknown>) => [...map.keys()].sort();
  return {
    groups: ids(world.resourceGroups),
    clusters: [...world.clusters.values()].map(({ id, body, kubernetes }) => ({
      id,
      properties: withoutTags(body["properties"]),
      classes: kubernetes?.list("SecretProviderClass").map(({ metadata, spec }) => [nameOf(metadata), spec]) ?? [],
      accounts:
        kubernetes
          ?.list("ServiceAccount")
          .map(({ metadata }) => nameOf(metadata))
          // What comes with a namespace or the add-on is not ours.
          .filter((name) => !/^kube-|\/default$/.test(name)) ?? [],
    })),
    vaults: [...world.vaults.values()].map(({ id, body, secrets }) => ({
      id,
      policies: (body["properties"] as Record<string, unknown>)["accessPolicies"],
      secrets: [...secrets.values()]
        .filter(({ deleted }) => !deleted)
        .map(({ name, versions }) => [name, versions.length]),
    })),
    roles: ids(world.roleAssignments),
    identities: [...world.identities.values()].map(({ id, federatedCredentials }) => [
      id,
      [...federatedCredentials.keys()],
    ]),
    scaleSets: [...world.scaleSets.values()].map(({ id, body }) => [id, body["identity"]]),
  };
}

/** eTags and the like differ after every change and its undoing. */
function withoutTags(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (/etag/i.test(key) ? undefined : inner))) as unknown;
}

function nameOf(metadata: unknown): string {
  const { namespace = "", name = "" } = metadata as { namespace?: string; name?: string };
  return `${namespace}/${name}`;
}
