import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { createWizardSession, type WizardSession } from "../../../src/wizard/handlers.ts";
import { emptyDraft } from "../../../src/wizard/page/draft.ts";
import type {
  Handlers,
  MountDraft,
  MountNameKind,
  Run,
  WizardDraft,
  WizardRequests,
} from "../../../src/wizard/protocol.ts";
import { until } from "../../harness/until.ts";
import type { Cluster } from "../../sandbox/state.ts";
import { startAzureBench, type AzureBench } from "../services/azure/support/azureBench.ts";

const canary = "canary-7f3a-Zm9v";
const never = () => new AbortController().signal;

describe("The wizard on the extension's side, up to a proved mount", function () {
  this.timeout(60_000);
  let bench: AzureBench;
  let session: WizardSession;
  let cluster: Cluster;
  let handlers: Handlers<WizardRequests>;
  let told: unknown[];

  beforeEach(async () => {
    bench = await startAzureBench();
    cluster = bench.sandbox.addCluster({ name: "myAKSCluster", resourceGroup: "myResourceGroup", location: "eastus2" });
    told = [];
    const write = (line: string) => void told.push(line);
    session = createWizardSession(() => Promise.resolve(bench.services), {
      copyText: () => Promise.resolve(),
      openExternal: () => Promise.resolve(),
      emit: (name, value) => told.push({ name, value }),
      log: { trace: write, debug: write, info: write, warn: write, error: write },
    });
    handlers = session.handlers;
  });

  afterEach(async () => {
    session.dispose();
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  function draft(mount: Partial<MountDraft> = {}): WizardDraft {
    const { id, name, subscriptionId, resourceGroup } = cluster;
    return {
      cluster: { id, name, subscriptionId, resourceGroup },
      vault: {
        kind: "new",
        fresh: {
          ...{ name: "kv-wizard-1", subscriptionId, resourceGroup: "vaults", isNewGroup: true, location: "eastus2" },
          ...{ usesRbac: true, isPurgeProtected: false },
        },
      },
      secret: { kind: "set", name: "db-password", contentType: "", expiresOn: "", tags: [], hadValue: true },
      mount: { ...emptyDraft.mount, ...mount },
    };
  }

  async function ended(): Promise<Run> {
    return until(
      "the run to end",
      async () => {
        const { run } = await handlers.load({}, never());
        return run && run.state !== "running" && run.state !== "stopping" ? run : undefined;
      },
      45_000,
    );
  }

  async function applied(chosen: WizardDraft): Promise<Run> {
    await handlers.apply({ draft: chosen, value: canary }, never());
    const run = await ended();
    assert.equal(run.message, undefined);
    return run;
  }

  const namesOf = (kind: string) =>
    bench.sandbox.world.clusters
      .get(cluster.id.toLowerCase())
      ?.kubernetes?.list(kind)
      .map(({ metadata }) => (metadata as { name: string }).name) ?? [];

  for (const access of ["workloadIdentity", "addonIdentity", "nodeIdentity"] as const) {
    it(`brings a bare cluster to a proved mount with nothing but the secret given: ${access}`, async () => {
      const run = await applied(draft({ access }));

      assert.equal(run.state, "done");
      const [file] = run.result?.proof?.files ?? [];
      assert.equal(file?.name, "db-password");
      assert.equal(file.sizeBytes, canary.length);
      assert.equal(file.isCurrent, true);
      assert.match(file.version ?? "", /^[0-9a-f]{32}$/);
      assert.match(file.hash, /^[0-9a-f]{12}$/);
      assert.match(run.result?.classYaml ?? "", /^ {2}name: kv-wizard-1-db-password$/m);
      const { identityClientId } = run.result ?? {};
      assert.ok(
        identityClientId && run.result?.classYaml?.includes(`"${identityClientId}"`),
        "the details fit the class",
      );
      assert.deepEqual(namesOf("SecretProviderClass"), ["kv-wizard-1-db-password"]);
      assert.ok(!namesOf("Pod").some((name) => name.includes("proof")));
      assert.doesNotMatch(JSON.stringify([told, run]), new RegExp(canary));
    });
  }

  it("says beforehand what taking back comes to, then takes back what was made and leaves what was there", async () => {
    const identity = bench.sandbox.addIdentity("shared-reader");
    const done = await applied(draft({ identity: { id: identity.id, name: identity.name }, namespace: "store" }));
    const taken = done.undo.filter(({ isKept }) => !isKept).map(({ title }) => title);
    assert.match(taken[0] ?? "", /^SecretProviderClass "kv-wizard-1-db-password" in namespace "store"/);
    assert.ok(!taken.some((title) => title.includes("shared-reader") && title.startsWith("Managed identity")));
    const kept = done.undo.filter(({ isKept }) => isKept).map(({ title }) => title);
    assert.ok(kept.includes('Namespace "store"'), kept.join());

    await handlers.undo({}, never());
    const undone = await ended();

    assert.equal(undone.message, undefined);
    assert.equal(undone.kind, "undo");
    assert.equal(undone.state, "done");
    assert.deepEqual(
      undone.steps.map(({ title, state }) => [title, state]),
      taken.map((title) => [title, "done"]),
    );
    assert.deepEqual(undone.undo, []);
    assert.deepEqual(namesOf("SecretProviderClass"), []);
    assert.ok(!namesOf("ServiceAccount").includes("key-vault-reader"));
    const left = bench.sandbox.world.identities.get(identity.id.toLowerCase());
    assert.equal(left?.federatedCredentials.size, 0);
    assert.equal(bench.sandbox.world.vaults.size, 0);
  });

  it("takes back what a run made before it failed, together with what the next try made, and goes on after a failure", async () => {
    bench.sandbox.fail({ method: "PUT", path: /\/vaults\//, status: 409, code: "ConflictError", times: 1 });
    await handlers.apply({ draft: draft(), value: canary }, never());
    assert.equal((await ended()).state, "failed");
    await handlers.closeRun({}, never());
    const done = await applied(draft());
    assert.equal(done.steps.find(({ id }) => id === "keyVaultCsiAddon")?.state, "skipped");
    const rows = done.undo.filter(({ isKept }) => !isKept).length;
    bench.sandbox.fail({ method: "DELETE", path: /userAssignedIdentities/, status: 409, code: "Conflict", times: 1 });

    await handlers.undo({}, never());
    const failed = await ended();
    assert.equal(failed.state, "failed");
    assert.ok(failed.undo.length > 0 && failed.undo.length < rows);
    await handlers.undo({}, never());
    const undone = await ended();

    assert.equal(undone.message, undefined);
    assert.deepEqual(undone.undo, []);
    assert.equal(bench.sandbox.world.identities.size, addonIdentities());
    const body = bench.stored(cluster)["properties"] as { addonProfiles?: Record<string, { enabled: boolean }> };
    assert.equal(body.addonProfiles?.["azureKeyvaultSecretsProvider"]?.enabled ?? false, false);
  });

  it("does not take back for one wish what was made for another", async () => {
    bench.sandbox.fail({ method: "PUT", path: /\/vaults\//, status: 409, code: "ConflictError", times: 1 });
    await handlers.apply({ draft: draft(), value: canary }, never());
    const failed = await ended();
    assert.ok(failed.undo.some(({ title }) => title.includes("id-myAKSCluster-default")));
    await handlers.closeRun({}, never());

    const done = await applied(draft({ access: "addonIdentity" }));

    assert.ok(!done.undo.some(({ title }) => title.includes("add-on") || title.includes("id-myAKSCluster")));
  });

  it("shows the class with variables for what does not exist yet, and with ids once it does", async () => {
    const params = { draft: draft({ syncedSecret: "db", fileName: "db/password" }) };
    const first = await handlers.previewClass(params, never());
    assert.equal(first.isWhole, false);
    assert.match(first.yaml, /clientID: "\$\{READER_CLIENT_ID\}"/);
    assert.match(first.yaml, /objectAlias: db\/password/);

    await applied(params.draft);

    const whole = await handlers.previewClass(params, never());
    assert.equal(whole.isWhole, true);
    assert.match(whole.yaml, /clientID: "[0-9a-f-]{36}"/);
    assert.match(whole.yaml, /secretName: db\n {6}type: Opaque/);
    const [proved] = (await handlers.load({}, never())).run?.result?.proof?.files ?? [];
    assert.equal(proved?.name, "db/password");
    assert.equal(proved.isCurrent, true);
  });

  it("ends with driver and secret when nothing is to be mounted yet, and without a pod when nothing is to be proved", async () => {
    const stepsOf = async (mount: Partial<MountDraft>) =>
      (await handlers.preview({ draft: draft(mount), hasValue: true }, never())).steps.map(({ id }) => id);
    assert.equal((await stepsOf({ access: "none" })).at(-1), "driver");
    assert.equal((await stepsOf({ isProved: false })).at(-1), "secretProviderClass");
    assert.equal((await stepsOf({})).at(-1), "proof");
  });

  it("proposes names from cluster, vault, secret and namespace", async () => {
    assert.deepEqual(await handlers.proposeMount({ draft: draft({ namespace: "store" }) }, never()), {
      identityName: "id-myAKSCluster-store",
      identityGroup: "myResourceGroup",
      namespace: "store",
      serviceAccount: "key-vault-reader",
      className: "kv-wizard-1-db-password",
      fileName: "db-password",
    });
  });

  it("lists the cluster's namespaces, or says why it cannot", async () => {
    const { namespaces, missing } = await handlers.listNamespaces({ clusterId: cluster.id }, never());
    assert.equal(missing, undefined);
    assert.ok(namespaces.includes("default") && namespaces.includes("kube-system"));
    const lost = bench.sandbox.addCluster({ name: "lost", isUnreachable: true });
    const unknown = await handlers.listNamespaces({ clusterId: lost.id }, never());
    assert.deepEqual(unknown.namespaces, []);
    assert.ok((unknown.missing ?? "").length > 10);
  });

  it("lists the identities of a subscription", async () => {
    const identity = bench.sandbox.addIdentity("web-reader");
    const { identities } = await handlers.listIdentities({ subscriptionId: bench.subscription.id }, never());
    assert.deepEqual(
      identities.filter(({ name }) => name === "web-reader"),
      [{ id: identity.id, name: "web-reader", resourceGroup: "myResourceGroup" }],
    );
  });

  it("knows the rules for names of Kubernetes and of files in a volume", async () => {
    const broken = async (kind: MountNameKind, text: string) =>
      (await handlers.checkMountName({ kind, text }, never())).problem !== undefined;
    assert.deepEqual(
      await Promise.all(["a", "my-ns", "A", "a.b", "-a", "a".repeat(64)].map((name) => broken("namespace", name))),
      [false, false, true, true, true, true],
    );
    assert.deepEqual(
      await Promise.all(["a.b-c", "a..b", "a_b", "a".repeat(254)].map((name) => broken("class", name))),
      [false, true, true, true],
    );
    assert.deepEqual(
      await Promise.all(["tls/cert.pem", "/etc/x", "a/../b", "a//b", "x..y"].map((name) => broken("file", name))),
      [false, true, true, true, true],
    );
  });

  /** What the add-on has in the node resource group is not the plan's own. */
  function addonIdentities(): number {
    return [...bench.sandbox.world.identities.values()].filter(({ resourceGroup }) => /^MC_/i.test(resourceGroup))
      .length;
  }
});
