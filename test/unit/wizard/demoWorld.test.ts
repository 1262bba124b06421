import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { createServices } from "../../../src/services/services.ts";
import { createWizardSession } from "../../../src/wizard/handlers.ts";
import { emptyDraft } from "../../../src/wizard/page/draft.ts";
import type { WizardDraft } from "../../../src/wizard/protocol.ts";
import { until } from "../../harness/until.ts";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { cloudOf, credentialOf, timing } from "../services/azure/support/azureBench.ts";

const never = () => new AbortController().signal;
const ignore = () => undefined;
const log = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

describe("The wizard in the demo world", function () {
  this.timeout(60_000);

  it("mounts a secret that is in a vault already, without its value being typed, and leaves vault and secret when taken back", async () => {
    const sandbox = await startSandbox({ world: "demo" });
    const cloud = cloudOf(sandbox);
    const services = createServices({ cloud, credential: credentialOf(cloud, sandbox.principal), log, timing });
    const effects = { copyText: () => Promise.resolve(), openExternal: () => Promise.resolve(), emit: ignore, log };
    const session = createWizardSession(() => Promise.resolve(services), effects);
    const { handlers } = session;
    const ended = () =>
      until(
        "the run to end",
        async () => {
          const { run } = await handlers.load({}, never());
          return run && run.state !== "running" && run.state !== "stopping" ? run : undefined;
        },
        45_000,
      );
    const cluster = [...sandbox.world.clusters.values()].find(({ name }) => name === "myAKSCluster");
    const vault = [...sandbox.world.vaults.values()].find(({ name }) => name === "contoso-dev-kv");
    assert.ok(cluster && vault);
    const { id, name, subscriptionId, resourceGroup } = cluster;
    const roles = sandbox.world.roleAssignments.size;
    const draft: WizardDraft = {
      ...emptyDraft,
      cluster: { id, name, subscriptionId, resourceGroup },
      vault: { ...emptyDraft.vault, existing: { id: vault.id, name: vault.name, usesRbac: true } },
      secret: { ...emptyDraft.secret, name: "SampleSecret" },
    };

    await handlers.apply({ draft }, never());
    const run = await ended();

    assert.equal(run.message, undefined);
    const [file] = run.result?.proof?.files ?? [];
    assert.deepEqual([file?.name, file?.sizeBytes, file?.isCurrent], ["SampleSecret", "sample".length, true]);
    assert.ok(!run.undo.some(({ title }) => title.startsWith("Key vault")));
    await handlers.undo({}, never());
    const undone = await ended();
    assert.equal(undone.message, undefined);
    assert.equal(sandbox.world.roleAssignments.size, roles);
    assert.equal(vault.secrets.get("samplesecret")?.versions.length, 1);
    assert.deepEqual(cluster.kubernetes?.list("SecretProviderClass") ?? [], []);
    assert.deepEqual(sandbox.unknownRequests, []);
    session.dispose();
    await sandbox.close();
  });
});
