import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { createWizardSession, type WizardSession } from "../../../src/wizard/handlers.ts";
import { emptyDraft } from "../../../src/wizard/page/draft.ts";
import type { Handlers, MountDraft, Run, WizardDraft, WizardRequests } from "../../../src/wizard/protocol.ts";
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
      assert.deepEqual(namesOf("SecretProviderClass"), ["kv-wizard-1-db-password"]);
      assert.ok(!namesOf("Pod").some((name) => name.includes("proof")));
      assert.doesNotMatch(JSON.stringify([told, run]), new RegExp(canary));
    });
  }
});
