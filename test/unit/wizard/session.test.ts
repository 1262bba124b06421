import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { createWizardSession, type WizardSession } from "../../../src/wizard/handlers.ts";
import { hasCode, ServiceError } from "../../../src/services/errors.ts";
import type { Handlers, Run, WizardDraft, WizardRequests } from "../../../src/wizard/protocol.ts";
import { emptyDraft } from "../../../src/wizard/page/draft.ts";
import { until } from "../../harness/until.ts";
import type { Cluster } from "../../sandbox/state.ts";
import { startAzureBench, type AzureBench } from "../services/azure/support/azureBench.ts";

const canary = "canary-7f3a-Zm9v";
const never = () => new AbortController().signal;

describe("The wizard on the extension's side", function () {
  this.timeout(20_000);
  let bench: AzureBench;
  let session: WizardSession;
  let cluster: Cluster;
  let handlers: Handlers<WizardRequests>;
  let events: { name: string; value: unknown }[];
  let effects: string[];

  beforeEach(async () => {
    bench = await startAzureBench();
    cluster = bench.sandbox.addCluster({ name: "myAKSCluster", resourceGroup: "myResourceGroup", location: "eastus2" });
    events = [];
    effects = [];
    session = createWizardSession(() => Promise.resolve(bench.services), {
      copyText: (text) => Promise.resolve(void effects.push(`copy ${text}`)),
      openExternal: (url) => Promise.resolve(void effects.push(`open ${url}`)),
      emit: (name, value) => events.push({ name, value }),
      log,
    });
    handlers = session.handlers;
  });

  afterEach(async () => {
    session.dispose();
    assert.deepEqual(bench.sandbox.unknownRequests, []);
    await bench.sandbox.close();
  });

  const write = (line: string) => void effects.push(`log ${line}`);
  const log = { trace: write, debug: write, info: write, warn: write, error: write };

  function draft(change: Partial<WizardDraft> = {}): WizardDraft {
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
      secret: { kind: "set", name: "db-password", contentType: "text/plain", expiresOn: "", tags: [], hadValue: true },
      mount: { ...emptyDraft.mount, access: "none" },
      ...change,
    };
  }

  const withoutVault = (): WizardDraft => {
    const whole = draft();
    return { ...whole, vault: { ...whole.vault, kind: "none" } };
  };

  async function ended(): Promise<Run> {
    return until(
      "the run to end",
      async () => {
        const { run } = await handlers.load({}, never());
        return run && run.state !== "running" && run.state !== "stopping" ? run : undefined;
      },
      15_000,
    );
  }

  const wholeList = (text = "") =>
    until("the whole list", async () => {
      const now = await handlers.listClusters({ text, limit: 50 }, never());
      return now.isLoading ? undefined : now;
    });

  const puts = (path: RegExp) => bench.sandbox.requests({ method: "PUT" }).filter((entry) => path.test(entry.path));

  it("lists clusters while the estate is read, and tells when there is more to ask for", async () => {
    const first = await handlers.listClusters({ text: "", limit: 50 }, never());
    assert.equal(first.isLoading, true);

    const list = await wholeList("AKS");

    assert.deepEqual(
      list.clusters.map(({ name, state, subscriptionName }) => [name, state, subscriptionName]),
      [["myAKSCluster", "off", "Contoso Development"]],
    );
    assert.ok(events.some(({ name }) => name === "estate"));
  });

  it("reviews without changing anything", async () => {
    const { steps, script } = await handlers.preview({ draft: draft(), hasValue: true }, never());

    assert.deepEqual(
      steps.map(({ id, state }) => `${id}: ${state.kind}`),
      [
        "keyVaultCsiAddon: needed",
        "provider Microsoft.KeyVault: satisfied",
        "resourceGroup vaults: needed",
        "vault: needed",
        "officerAccess: needed",
        "vaultSecret: needed",
        "driver: needed",
      ],
    );
    assert.match(script, /^#!\/usr\/bin\/env bash/);
    assert.deepEqual(bench.sandbox.requests({ method: "PUT" }), []);
  });

  it("says in the review that a secret without a value is blocked", async () => {
    const { steps } = await handlers.preview({ draft: draft(), hasValue: false }, never());
    assert.equal(steps.find(({ id }) => id === "vaultSecret")?.state.kind, "blocked");
  });

  it("brings a bare cluster to a secret in a vault, and the value nowhere else", async () => {
    await handlers.apply({ draft: draft(), value: canary }, never());
    const run = await ended();

    assert.equal(run.message, undefined);
    assert.equal(run.state, "done");
    assert.ok(run.steps.every(({ state }) => state === "done" || state === "skipped"));
    assert.equal(run.result?.objectName, "db-password");
    assert.equal(run.result?.objectType, "secret");
    assert.equal(run.result?.vaultName, "kv-wizard-1");
    assert.equal(run.result?.tenantId, bench.owner.tenantId);
    assert.match(run.result?.identityClientId ?? "", /^[0-9a-f-]{36}$/);
    assert.equal(run.result?.driver?.verdict, "healthy");
    const [vault] = bench.sandbox.world.vaults.values();
    assert.match(JSON.stringify(vault, mapsToo), new RegExp(canary));
    for (const place of [events, effects, bench.log, bench.sandbox.requests().map(({ path }) => path)]) {
      assert.doesNotMatch(JSON.stringify(place), /canary|Y2FuYXJ5/);
    }
  });

  it("runs once when Apply is asked for twice", async () => {
    const [first, second] = await Promise.all([
      handlers.apply({ draft: withoutVault() }, never()),
      handlers.apply({ draft: withoutVault() }, never()),
    ]);
    assert.equal(first.id, second.id);
    await ended();
    assert.equal(puts(/managedClusters\/myAKSCluster/).length, 1);
  });

  it("gives a page that comes back the run as it is", async () => {
    const started = await handlers.apply({ draft: withoutVault() }, never());
    const { run } = await handlers.load({}, never());
    assert.equal(run?.id, started.id);
    assert.equal((await ended()).id, started.id);
  });

  it("stops waiting when told, says what goes on, and does not start the change again afterwards", async () => {
    bench.sandbox.fail({ method: "GET", path: /\/operations\//, delayMs: 10_000, times: 1 });
    await handlers.apply({ draft: withoutVault() }, never());
    await until("the update to be sent", () => puts(/managedClusters/)[0]);
    await handlers.stopApply({}, never());
    const stopped = await ended();
    assert.equal(stopped.state, "stopped");
    assert.match(stopped.message ?? "", /What Azure has accepted by then goes on there/);

    await handlers.closeRun({}, never());
    await handlers.apply({ draft: withoutVault() }, never());

    assert.equal((await ended()).state, "done");
    assert.equal(puts(/managedClusters\/myAKSCluster/).length, 1);
  });

  it("stops at the step that fails, says why, and goes on from there the next time", async () => {
    bench.sandbox.fail({ method: "PUT", path: /\/vaults\//, status: 409, code: "ConflictError", times: 1 });
    await handlers.apply({ draft: draft(), value: canary }, never());
    const failed = await ended();
    assert.equal(failed.state, "failed");
    assert.equal(failed.steps.find(({ id }) => id === "vault")?.state, "failed");
    assert.ok((failed.message ?? "").length > 10);

    await handlers.apply({ draft: draft(), value: canary }, never());

    const run = await ended();
    assert.equal(run.message, undefined);
    assert.equal(run.state, "done");
    assert.equal(run.steps.find(({ id }) => id === "keyVaultCsiAddon")?.state, "skipped");
    assert.equal(puts(/managedClusters\/myAKSCluster/).length, 1);
  });

  it("gives the details of what is done when only the driver could not be looked at", async () => {
    const lost = bench.sandbox.addCluster({ name: "lost", isUnreachable: true });
    const whole = draft();
    const { id, name } = lost;
    const chosen = { id, name, subscriptionId: bench.subscription.id, resourceGroup: "myResourceGroup" };
    await handlers.apply({ draft: { ...whole, cluster: chosen }, value: canary }, never());
    await until("the driver to be looked at", async () => {
      const { run } = await handlers.load({}, never());
      return run?.steps.at(-1)?.state === "running" ? run : undefined;
    });
    await handlers.stopApply({}, never());

    const run = await ended();

    assert.equal(run.state, "stopped");
    assert.equal(run.steps.at(-1)?.state, "stopped");
    assert.equal(run.result?.vaultName, "kv-wizard-1");
    assert.equal(run.result?.driver, undefined);
    assert.equal(run.result?.missing.length, 1);
  });

  it("refuses a draft that is not whole, without quoting the value", async () => {
    const broken = { draft: { ...draft(), vault: undefined }, value: canary } as unknown as { draft: WizardDraft };
    const failure = await Promise.resolve(handlers.apply(broken, never())).catch((error: unknown) => error);
    assert.equal((failure as { code?: string }).code, "invalidRequest");
    assert.doesNotMatch(String(failure), /canary/);
  });

  it("gives the cluster somebody asked for once", async () => {
    session.open(cluster.id);
    assert.ok(events.some(({ name }) => name === "open"));
    assert.equal((await handlers.takeOpening({}, never())).cluster?.name, "myAKSCluster");
    assert.equal((await handlers.takeOpening({}, never())).cluster, undefined);
  });

  it("checks a vault's name by its rules before any call, then by asking Azure", async () => {
    const at = { subscriptionId: bench.subscription.id, resourceGroup: "vaults" };
    bench.sandbox.addVault({ name: "kv-gone", resourceGroup: "vaults", isDeleted: true });
    bench.sandbox.forgetRequests();
    assert.equal((await handlers.checkVaultName({ ...at, name: "1kv" }, never())).kind, "wrong");
    assert.equal(
      (await handlers.checkVaultName({ ...at, resourceGroup: "", name: "kv-fine" }, never())).kind,
      "unknown",
    );
    assert.deepEqual(bench.sandbox.requests(), []);

    assert.equal((await handlers.checkVaultName({ ...at, name: "kv-fine" }, never())).kind, "available");
    const deleted = await handlers.checkVaultName({ ...at, name: "kv-gone" }, never());
    assert.equal(deleted.kind, "deleted");
  });

  it("says of a secret's name whether it is there, or that the vault does not tell", async () => {
    const vault = bench.sandbox.addVault({ name: "kv-there", secrets: { present: "x" } });
    const check = async (name: string) => (await handlers.checkSecretName({ vaultId: vault.id, name }, never())).kind;
    assert.equal(await check("a_b"), "wrong");
    assert.equal(await check("present"), "unknown");

    bench.sandbox.assignRole(bench.owner, "Key Vault Secrets Officer", vault.id);

    assert.equal(await check("present"), "exists");
    assert.equal(await check("absent"), "free");
  });

  it("knows Go durations and names of resource groups", async () => {
    const interval = async (text: string) => (await handlers.checkPollInterval({ text }, never())).problem;
    assert.equal(await interval("1h30m"), undefined);
    assert.match((await interval("2 min")) ?? "", /2m/);
    const group = async (text: string) => (await handlers.checkGroupName({ text }, never())).problem;
    assert.equal(await group("my-Group_(1).eu"), undefined);
    assert.match((await group("mine.")) ?? "", /period/);
    assert.match((await group("a b")) ?? "", /" "/);
  });

  it("tells a failure to read the estate once, so that asking again reads it anew", async () => {
    let isSignedIn = false;
    session = createWizardSession(
      () =>
        isSignedIn
          ? Promise.resolve(bench.services)
          : Promise.reject(new ServiceError("notSignedIn", "You are not signed in.")),
      { copyText: () => Promise.resolve(), openExternal: () => Promise.resolve(), emit: () => undefined, log },
    );
    const list = async () => session.handlers.listClusters({ text: "", limit: 50 }, never());
    await list();
    await assert.rejects(
      () => until("the failure", async () => void (await list()), 1_000),
      ({ cause }: Error) => hasCode(cause, "notSignedIn"),
    );

    isSignedIn = true;

    const found = await until("the clusters", async () => ((await list()).total > 0 ? list() : undefined));
    assert.equal(found.clusters.length, 1);
  });

  it("marks a cluster that did not answer, until it answers again", async () => {
    const lost = bench.sandbox.addCluster({ name: "lost", isUnreachable: true });
    const reach = await handlers.checkClusterReach({ clusterId: lost.id }, never());
    assert.equal(reach.kind, "unreachable");

    const list = await wholeList();

    assert.deepEqual(
      list.clusters.map(({ name, isUnreachable }) => [name, isUnreachable]),
      [
        ["lost", true],
        ["myAKSCluster", false],
      ],
    );
  });

  it("reads the estate anew for another account or choice of subscriptions", async () => {
    await wholeList();
    bench.sandbox.addCluster({ name: "another" });
    events.length = 0;

    session.forgetEstate();

    assert.deepEqual(events, [{ name: "estate", value: {} }]);
    assert.deepEqual(
      (await wholeList()).clusters.map(({ name }) => name),
      ["another", "myAKSCluster"],
    );
  });

  it("opens only the pages it knows", async () => {
    await handlers.openLink({ link: "addonDocs" }, never());
    assert.deepEqual(effects, ["open https://learn.microsoft.com/azure/aks/csi-secrets-store-driver"]);
  });
});

function mapsToo(_: string, value: unknown): unknown {
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
}
