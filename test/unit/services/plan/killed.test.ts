import assert from "node:assert/strict";

import { describe, it } from "mocha";

import type { IntendedAccess } from "../../../../src/services/plan/access.ts";
import { defaultMount } from "../../../../src/services/plan/defaults.ts";
import type { Fault } from "../../../sandbox/faults.ts";
import type { JournalEntry } from "../../../sandbox/server.ts";
import { startPlanBench, type PlanBench } from "./support/planBench.ts";

interface Change {
  readonly step: string;
  readonly mode: IntendedAccess["kind"];
  readonly method: string;
  readonly plane: "arm" | "vault" | "kubernetes";
  readonly path: RegExp;
}

/** The request by which each step of the journey changes the world. */
const changes: readonly Change[] = [
  { step: "keyVaultCsiAddon", mode: "addonIdentity", method: "PUT", plane: "arm", path: /managedClusters\/web$/ },
  { step: "identity", mode: "workloadIdentity", method: "PUT", plane: "arm", path: /userAssignedIdentities\/[^/]+$/ },
  {
    step: "federatedCredential",
    mode: "workloadIdentity",
    method: "PUT",
    plane: "arm",
    path: /federatedIdentityCredentials\//,
  },
  { step: "nodeIdentity", mode: "nodeIdentity", method: "PATCH", plane: "arm", path: /virtualMachineScaleSets\// },
  { step: "vault", mode: "addonIdentity", method: "PUT", plane: "arm", path: /vaults\/contoso-kv$/ },
  { step: "readerAccess", mode: "addonIdentity", method: "PUT", plane: "arm", path: /roleAssignments\// },
  { step: "vaultSecret", mode: "addonIdentity", method: "PUT", plane: "vault", path: /^\/secrets\/ExampleSecret$/ },
  { step: "namespace", mode: "addonIdentity", method: "PATCH", plane: "kubernetes", path: /namespaces\/app$/ },
  { step: "serviceAccount", mode: "workloadIdentity", method: "PATCH", plane: "kubernetes", path: /serviceaccounts\// },
  {
    step: "secretProviderClass",
    mode: "addonIdentity",
    method: "PATCH",
    plane: "kubernetes",
    path: /secretproviderclasses\//,
  },
  { step: "proof", mode: "addonIdentity", method: "POST", plane: "kubernetes", path: /\/pods$/ },
];

describe("A journey whose editor is killed", () => {
  for (const change of changes) {
    it(`before the change of ${change.step} is on its way completes with nothing made twice`, () =>
      killAndResume(change, { delayMs: 60_000, status: 503 }, (entry) => entry.status === 0));

    it(`while the change of ${change.step} is on its way completes with nothing made twice`, () =>
      killAndResume(change, { delayMs: 200 }, (entry) => entry.status === 0));

    it(`after the change of ${change.step} was accepted completes with nothing made twice`, () =>
      killAndResume(change, { dropAnswer: true, delayMs: 300, times: 1 }, (entry) => entry.status !== 0));
  }

  it("while Azure works on the add-on goes on waiting for that operation and starts none", async () => {
    const change: Change = { step: "", mode: "addonIdentity", method: "GET", plane: "arm", path: /\/operations\// };

    await killAndResume(change, { delayMs: 200 }, () => true);
  });

  it("while the pod of the proof mounts completes, and leaves no pod", async () => {
    const change: Change = {
      step: "",
      mode: "addonIdentity",
      method: "GET",
      plane: "kubernetes",
      path: /pods\/key-vault-csi-proof/,
    };

    await killAndResume(change, { delayMs: 200 }, () => true);
  });
});

async function killAndResume(
  change: Change,
  fault: Pick<Fault, "delayMs" | "dropAnswer" | "status" | "times">,
  isTime: (entry: JournalEntry) => boolean,
): Promise<void> {
  const undisturbed = await startPlanBench();
  await undisturbed.apply(planOf(undisturbed, change.mode));
  const expected = lasting(undisturbed);
  await undisturbed.sandbox.close();

  const bench = await startPlanBench();
  try {
    const { method, plane, path } = change;
    const takeBack = bench.sandbox.fail({ method, plane, path, ...fault });
    const controller = new AbortController();
    const ended = bench.apply(planOf(bench, change.mode), { signal: controller.signal }).catch(() => undefined);
    const entry = await until(() => bench.sandbox.requests().find((one) => isOf(one, change) && isTime(one)));
    controller.abort();
    await ended;
    takeBack();
    if (fault.status === undefined) {
      await until(() => entry.status !== 0 || undefined);
    }

    // The value is gone with the editor: it is asked for again only where the secret is not there.
    const isSet = bench.vault()?.secrets.has("examplesecret") ?? false;
    await bench.apply(planOf(bench, change.mode, isSet ? "" : bench.canary));

    assert.deepEqual(lasting(bench), expected);
    const left = Object.entries(await bench.kinds(planOf(bench, change.mode, ""))).filter(
      ([, kind]) => kind !== "satisfied",
    );
    assert.deepEqual(left, [["proof", "needed"]]);
  } finally {
    await bench.sandbox.close();
  }
}

function planOf(bench: PlanBench, access: IntendedAccess["kind"], value = bench.canary) {
  const mount = defaultMount({
    ...{ clusterId: bench.cluster.id, vaultId: bench.vaultId(), location: "eastus2", access, namespace: "app" },
    objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
  });
  return bench.plan(bench.intent({ mount }), { value });
}

/** Throwaway pods are made anew; everything else is made once. */
function lasting(bench: PlanBench): readonly string[] {
  return bench
    .changes()
    .filter((line) => !line.includes("pods"))
    .map((line) => line.replace(/federatedIdentityCredentials\/.*/, "federatedIdentityCredentials"))
    .map((line) => line.replace(/virtualMachineScaleSets\/.*/, "virtualMachineScaleSets"))
    .sort();
}

function isOf({ method, plane, path }: JournalEntry, change: Change): boolean {
  return method === change.method && plane === change.plane && change.path.test(path.split("?")[0] ?? "");
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
