import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { afterEach, beforeEach, describe, it } from "mocha";

import type { IntendedAccess } from "../../../../src/services/plan/access.ts";
import { defaultCluster, defaultMount } from "../../../../src/services/plan/defaults.ts";
import type { Intent, IntendedMount } from "../../../../src/services/plan/intent.ts";
import type { ProofReport } from "../../../../src/services/plan/proof.ts";
import { startPlanBench, type PlanBench } from "./support/planBench.ts";

const modes = [
  "workloadIdentity",
  "addonIdentity",
  "nodeIdentity",
] as const satisfies readonly IntendedAccess["kind"][];

/** What each mode changes between the add-on and the proof, each once. */
const changesOf: Readonly<Record<(typeof modes)[number], readonly string[]>> = {
  workloadIdentity: [
    "PUT managedClusters/web",
    "PUT managedClusters/web",
    "PUT userAssignedIdentities/id-web-app",
    "PUT federatedIdentityCredentials/credential",
    "PUT vaults/contoso-kv",
    "PUT roleAssignments/*",
    "PUT roleAssignments/*",
    "PUT secrets/ExampleSecret",
    "PATCH namespaces/app",
    "PATCH serviceaccounts/key-vault-reader",
    "PATCH secretproviderclasses/contoso-kv",
    "POST app/pods",
    "DELETE pods/proof",
  ],
  addonIdentity: [
    "PUT managedClusters/web",
    "PUT vaults/contoso-kv",
    "PUT roleAssignments/*",
    "PUT roleAssignments/*",
    "PUT secrets/ExampleSecret",
    "PATCH namespaces/app",
    "PATCH secretproviderclasses/contoso-kv",
    "POST app/pods",
    "DELETE pods/proof",
  ],
  nodeIdentity: [
    "PUT managedClusters/web",
    "PUT userAssignedIdentities/id-web-nodes",
    "PATCH virtualMachineScaleSets/*",
    "PUT vaults/contoso-kv",
    "PUT roleAssignments/*",
    "PUT roleAssignments/*",
    "PUT secrets/ExampleSecret",
    "PATCH namespaces/app",
    "PATCH secretproviderclasses/contoso-kv",
    "POST app/pods",
    "DELETE pods/proof",
  ],
};

describe("The whole journey", () => {
  let bench: PlanBench;
  let proofs: ProofReport[];

  beforeEach(async () => {
    bench = await startPlanBench();
    proofs = [];
  });

  afterEach(() => bench.sandbox.close());

  const mountFor = (access: IntendedAccess["kind"], change: Partial<IntendedMount> = {}): IntendedMount => ({
    ...defaultMount({
      clusterId: bench.cluster.id,
      vaultId: bench.vaultId(),
      location: "eastus2",
      objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
      access,
      namespace: "app",
    }),
    ...change,
  });
  const planFor = (mount: IntendedMount, change: Partial<Intent> = {}, value = bench.canary) =>
    bench.plan(bench.intent({ mount, ...change }), { value, onProof: (report) => void proofs.push(report) });

  for (const mode of modes) {
    it(`leads by ${mode} from a bare cluster to a proved mount, with no id typed`, async () => {
      const steps = planFor(mountFor(mode));
      const before = await bench.kinds(steps);
      assert.ok(!Object.values(before).includes("blocked"), JSON.stringify(await bench.check(steps)));

      await bench.apply(steps);

      assert.deepEqual(bench.changes().map(plain), changesOf[mode]);
      assert.deepEqual(bench.sandbox.unknownRequests, []);
      const [report] = proofs;
      assert.ok(report);
      assert.equal(report.files.length, 1);
      const version = bench.vault()?.secrets.get("examplesecret")?.versions.at(-1)?.version ?? "";
      assert.deepEqual(report.objects, [
        { objectType: "secret", objectName: "ExampleSecret", mountedVersion: version, vaultVersion: version },
      ]);
    });

    it(`by ${mode} has nothing to do when it is done, but to prove it again`, async () => {
      await bench.apply(planFor(mountFor(mode)));
      bench.sandbox.forgetRequests();

      const again = planFor(mountFor(mode), {}, "");
      const open = Object.entries(await bench.kinds(again)).filter(([, kind]) => kind !== "satisfied");
      await bench.apply(again);

      assert.deepEqual(open, [["proof", "needed"]]);
      assert.deepEqual(bench.changes(), ["POST app/pods", "DELETE pods/proof"]);
    });

    it(`by ${mode} is undone to the world as it was, but for what was said to stay`, async () => {
      await bench.sandbox.kubeconfig(bench.cluster.id);
      const before = bench.snapshot();
      const steps = planFor(mountFor(mode));
      const states = await bench.check(steps);
      const lasting = steps.flatMap(({ id, irreversible }) => {
        const state = states[id];
        return state?.kind === "needed" && (irreversible ?? state.irreversible) ? [id] : [];
      });

      const made = await bench.apply(steps);
      await bench.undo(steps, JSON.parse(JSON.stringify(made)) as typeof made);

      assert.deepEqual(withoutLasting(bench.snapshot()), withoutLasting(before));
      assert.deepEqual(lasting, [...(mode === "workloadIdentity" ? ["oidcIssuer"] : []), "namespace app"]);
      const { keyVaultCsi } = await bench.services.managedClusters.get(bench.cluster.id);
      assert.equal(keyVaultCsi.isEnabled, false);
      // Deleted softly: whoever wants it back can recover it.
      assert.equal(bench.sandbox.world.deletedVaults.size, 1);
    });
  }

  it("proves by name, size, version and a salted hash of the very value, never by the value", async () => {
    await bench.apply(planFor(mountFor("workloadIdentity")));

    const [report] = proofs;
    const [file] = report?.files ?? [];
    assert.ok(report && file);
    assert.equal(file.name, "ExampleSecret");
    assert.equal(file.sizeBytes, bench.canary.length);
    assert.equal(
      file.saltedHash,
      createHash("sha256")
        .update(report.salt + bench.canary)
        .digest("hex"),
    );
    assert.match(report.salt, /^[0-9a-f]{32}$/);
    assert.ok(!JSON.stringify([report, bench.progress, bench.log]).includes(bench.canary));
  });

  it("begins with a cluster that is not there, and everything in a new resource group", async () => {
    const group = "new-group";
    const clusterId = bench.cluster.id.replace(bench.group, group).replace(/web$/, "fresh");
    const vaultId = bench.vaultId().replace(bench.group, group);
    const mount = defaultMount({
      ...{ clusterId, vaultId, location: "westeurope", namespace: "app" },
      objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
    });
    const intent = bench.intent({
      clusterId,
      newCluster: defaultCluster("westeurope"),
      mount,
      vault: {
        kind: "new",
        vault: {
          id: vaultId,
          location: "westeurope",
          tenantId: bench.owner.tenantId,
          usesRbac: true,
          isPurgeProtected: false,
        },
        ifDeleted: undefined,
      },
    });
    const steps = bench.plan(intent, { onProof: (report) => void proofs.push(report) });

    const states = await bench.check(steps);
    assert.deepEqual(
      Object.entries(states)
        .filter(([, { kind }]) => kind !== "needed")
        .map(([id]) => id),
      ["provider Microsoft.ContainerService", "provider Microsoft.ManagedIdentity", "provider Microsoft.KeyVault"],
    );
    assert.ok(states["serviceAccount"]?.kind === "needed");
    assert.equal(states["serviceAccount"].before, "The cluster does not exist yet.");

    await bench.apply(steps);

    assert.equal(proofs[0]?.files.length, 1);
    const done = bench.progress.filter(({ state }) => state === "done").map(({ stepId }) => stepId);
    assert.ok(
      done.includes("cluster") && !done.includes("keyVaultCsiAddon") && !done.includes("oidcIssuer"),
      done.join(),
    );
  });

  it("mounts keys, certificates, aliases and history, and syncs Secrets", async () => {
    await bench.apply(bench.plan(bench.intent()));
    const vault = await bench.services.keyVaults.get(bench.vaultId());
    bench.sandbox.assignRole(bench.owner, "Key Vault Administrator", vault.id);
    await bench.services.vaultObjects.createKey(vault, "SigningKey", "EC");
    await bench.services.vaultObjects.createCertificate(vault, "TlsCertificate", "CN=web");
    await bench.services.vaultObjects.setSecret(vault, "ExampleSecret", "another");
    const mount = mountFor("workloadIdentity", {
      objects: [
        { objectName: "ExampleSecret", objectType: "secret", objectAlias: "app/secret", objectVersionHistory: 2 },
        { objectName: "SigningKey", objectType: "key" },
        { objectName: "TlsCertificate", objectType: "cert" },
        { objectName: "TlsCertificate", objectType: "secret", objectAlias: "tls" },
      ],
      syncedSecrets: [
        {
          secretName: "web-tls",
          type: "kubernetes.io/tls",
          data: [
            { objectName: "tls", key: "tls.crt" },
            { objectName: "tls", key: "tls.key" },
          ],
        },
      ],
    });
    const steps = planFor(mount, { secret: undefined });

    const { readerAccess } = await bench.check(steps);
    await bench.apply(steps);

    assert.ok(readerAccess?.kind === "needed");
    assert.equal(readerAccess.after, "Role Key Vault Certificate User");
    assert.match(readerAccess.warnings.join(), /also lets the identity read every secret/);
    assert.deepEqual(
      proofs[0]?.files.map(({ name }) => name),
      ["SigningKey", "TlsCertificate", "app/secret/0", "app/secret/1", "tls"],
    );
  });

  /** The issuer stays on, and a namespace stays where it was made. */
  function withoutLasting(snapshot: unknown): unknown {
    return JSON.parse(
      JSON.stringify(snapshot, (key, value: unknown) =>
        ["oidcIssuerProfile", "securityProfile", "addonProfiles"].includes(key) ? undefined : value,
      ),
    ) as unknown;
  }
});

function plain(line: string): string {
  return line
    .replace(/federatedIdentityCredentials\/.*/, "federatedIdentityCredentials/credential")
    .replace(/virtualMachineScaleSets\/.*/, "virtualMachineScaleSets/*");
}
