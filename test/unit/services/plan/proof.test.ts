import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { defaultMount } from "../../../../src/services/plan/defaults.ts";
import type { IntendedMount } from "../../../../src/services/plan/intent.ts";
import type { ProofReport } from "../../../../src/services/plan/proof.ts";
import type { Step } from "../../../../src/services/plan/step.ts";
import { startPlanBench, times, type PlanBench } from "./support/planBench.ts";

/** Long enough for some tries to mount. */
const impatient = { ...times, withinMs: 900 };

describe("The proof of a mount", () => {
  let bench: PlanBench;
  let proofs: ProofReport[];

  beforeEach(async () => {
    bench = await startPlanBench({ addon: "enabled", oidcIssuer: true, workloadIdentity: true });
    proofs = [];
  });

  afterEach(() => bench.sandbox.close());

  const mountFor = (change: Partial<IntendedMount> = {}): IntendedMount => ({
    ...defaultMount({
      clusterId: bench.cluster.id,
      vaultId: bench.vaultId(),
      location: "eastus2",
      objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
    }),
    ...change,
  });
  const planFor = (mount: IntendedMount, howLong = times) =>
    bench.plan(bench.intent({ mount }), { times: howLong, onProof: (report) => void proofs.push(report) });
  const without = (steps: readonly Step[], ...ids: readonly string[]) => steps.filter(({ id }) => !ids.includes(id));
  /** Terminating ones go within their grace period. */
  const noPods = async () => {
    const until = performance.now() + 5_000;
    while (pods().length > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(pods(), []);
  };
  const pods = () =>
    (bench.cluster.kubernetes?.list("Pod") ?? []).filter(({ metadata }) =>
      String((metadata as { name?: string }).name).startsWith("key-vault-csi-proof"),
    );

  it("passes on the provider's words when the role is missing", async () => {
    await assert.rejects(bench.apply(without(planFor(mountFor(), impatient), "readerAccess")), {
      code: "operationFailed",
      message: /ForbiddenByRbac|Caller is not authorized to perform action on resource/,
    });
    await noPods();
    assert.deepEqual(proofs, []);
  });

  it("passes on Microsoft Entra's words when the federated credential is missing", async () => {
    await assert.rejects(bench.apply(without(planFor(mountFor(), impatient), "federatedCredential")), {
      code: "operationFailed",
      message: /AADSTS70021: No matching federated identity record found/,
    });
    await noPods();
  });

  it("passes on the node's words when its scale set lacks the identity", async () => {
    const mount = {
      ...mountFor(),
      access: { kind: "nodeIdentity", identityId: ownIdentity(), location: "eastus2" },
    } as const;

    await assert.rejects(bench.apply(without(planFor(mount, impatient), "nodeIdentity")), {
      code: "operationFailed",
      message: /Identity not found/,
    });
  });

  it("passes on the vault's words when its firewall keeps the nodes out", async () => {
    await bench.apply(bench.plan(bench.intent()));
    const properties = bench.vault()?.body["properties"] as Record<string, unknown>;
    properties["networkAcls"] = {
      bypass: "AzureServices",
      defaultAction: "Deny",
      ipRules: [{ value: "203.0.113.7" }],
      virtualNetworkRules: [],
    };
    bench.sandbox.world.clientAddress = "203.0.113.7";
    const steps = bench.plan(bench.intent({ mount: mountFor() }), { value: "", times: impatient });

    await assert.rejects(bench.apply(steps), {
      code: "operationFailed",
      message: /not authorized and caller is not a trusted service/,
    });
  });

  it("says why while it still waits, since a fresh role takes its time", async () => {
    const steps = planFor(mountFor());
    const applying = bench.apply(without(steps, "readerAccess"));
    const seen = () =>
      bench.progress.some(({ stepId, detail }) => stepId === "proof" && detail?.includes("ForbiddenByRbac"));
    while (!seen()) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }

    await bench.apply(steps.filter(({ id }) => id === "readerAccess"));
    await applying;

    assert.equal(proofs.length, 1);
  });

  it("removes its pod when it is stopped", async () => {
    const controller = new AbortController();
    const applying = bench.apply(without(planFor(mountFor()), "readerAccess"), { signal: controller.signal });
    while (pods().length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    controller.abort();

    await assert.rejects(applying, { name: "AbortError" });
    await noPods();
  });

  it("removes its pod when the answer to its creation gets lost", async () => {
    bench.sandbox.fail({ plane: "kubernetes", method: "POST", path: /\/pods$/, dropAnswer: true });

    await assert.rejects(bench.apply(planFor(mountFor())), { code: "unreachable" });

    await noPods();
  });

  it("removes what an editor that was killed has left behind", async () => {
    await bench.apply(without(planFor(mountFor()), "proof"));
    bench.cluster.kubernetes?.put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "key-vault-csi-proof-left",
        namespace: "default",
        labels: { "app.kubernetes.io/managed-by": "key-vault-csi", "app.kubernetes.io/component": "proof" },
      },
      spec: { containers: [{ name: "proof", image: "busybox" }] },
    });
    assert.equal(pods().length, 1);

    await bench.apply(planFor(mountFor()));

    await noPods();
    assert.equal(proofs.length, 1);
  });

  it("runs where only restricted pods are let in, on Linux and on Windows", async () => {
    await bench.sandbox.close();
    bench = await startPlanBench({
      addon: "enabled",
      oidcIssuer: true,
      workloadIdentity: true,
      pools: [
        { name: "system", count: 1 },
        { name: "win", count: 1, osType: "Windows" },
      ],
    });
    await bench.sandbox.kubeconfig(bench.cluster.id);
    bench.cluster.kubernetes?.put({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "strict", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
    for (const proof of ["linux", "windows"] as const) {
      const mount = defaultMount({
        ...{ clusterId: bench.cluster.id, vaultId: bench.vaultId(), location: "eastus2", namespace: "strict" },
        objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
      });
      await bench.apply(planFor({ ...mount, proof }));
    }

    assert.deepEqual(
      proofs.map(({ files }) => files.length),
      [1, 1],
    );
  });

  it("shows a version that the vault has replaced meanwhile", async () => {
    const mount = mountFor();
    await bench.apply(planFor(mount));
    const version = bench.vault()?.secrets.get("examplesecret")?.versions[0]?.version ?? "";
    await bench.services.vaultObjects.setSecret(
      await bench.services.keyVaults.get(bench.vaultId()),
      "ExampleSecret",
      "newer",
    );
    const pinned = {
      ...mount,
      objects: [{ objectName: "ExampleSecret", objectType: "secret" as const, objectVersion: version }],
    };

    await bench.apply(
      bench.plan(bench.intent({ mount: pinned }), { value: "", onProof: (report) => void proofs.push(report) }),
    );

    const [object] = proofs[1]?.objects ?? [];
    assert.equal(object?.mountedVersion, version);
    assert.notEqual(object?.vaultVersion, version);
  });

  function ownIdentity(): string {
    return bench.cluster.id.replace(
      /Microsoft\.ContainerService.*/,
      "Microsoft.ManagedIdentity/userAssignedIdentities/nodes",
    );
  }
});
