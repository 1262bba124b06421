import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";

import { afterEach, beforeEach, describe, it } from "mocha";
import { parse, parseAllDocuments } from "yaml";

import { defaultCluster, defaultMount } from "../../../../src/services/plan/defaults.ts";
import { exportScript } from "../../../../src/services/plan/export.ts";
import type { Intent } from "../../../../src/services/plan/intent.ts";
import { startPlanBench, type PlanBench } from "./support/planBench.ts";

/** Functions in the place of az and kubectl: az answers questions, both print what they were asked, kubectl its input too. */
const stubs = `
az() {
  case "$*" in
    *enableRbacAuthorization*) echo "\${RBAC:-true}" ;;
    *tenantId*) echo "the-tenant" ;;
    *SecretsProvider.enabled*) echo "\${ADDON:-false}" ;;
    *clientId*) echo "the-client" ;;
    *issuerUrl*) echo "https://issuer/" ;;
    *"vmss list"*) printf 'one\\ntwo\\n' ;;
    *nodeResourceGroup*) echo "nodes" ;;
    *) ;;
  esac
  echo "az $*" >&3
  case "$*" in *"/dev/stdin"*) cat >/dev/null ;; esac
}
kubectl() { echo "kubectl $*" >&3; case "$*" in *"--filename -"*) cat; echo "---" ;; esac; }
`;

describe("The script of a whole journey", () => {
  let bench: PlanBench;

  beforeEach(async () => {
    bench = await startPlanBench();
  });

  afterEach(() => bench.sandbox.close());

  function scriptFor(
    access: "workloadIdentity" | "addonIdentity" | "nodeIdentity",
    change: Partial<Intent> = {},
  ): string {
    const mount = defaultMount({
      ...{ clusterId: bench.cluster.id, vaultId: bench.vaultId(), location: "eastus2", access, namespace: "app" },
      objects: [{ objectName: "ExampleSecret", objectType: "secret" }],
    });
    return exportScript(bench.plan(bench.intent({ mount, newCluster: defaultCluster("eastus2"), ...change })));
  }

  function run(
    script: string,
    env: Record<string, string> = {},
  ): { readonly lines: readonly string[]; readonly manifests: string } {
    const all = { PATH: process.env["PATH"] ?? "", SECRET_VALUE: bench.canary, SIGNED_IN_OBJECT_ID: "me", ...env };
    const out = execFileSync("bash", ["-c", `exec 3>&2\n${stubs}\n${script}`], {
      encoding: "utf8",
      env: all,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = spawnSync("bash", ["-c", `exec 3>&1 1>/dev/null\n${stubs}\n${script}`], {
      encoding: "utf8",
      env: all,
    });
    return { lines: said.stdout.trim().split("\n"), manifests: out };
  }

  for (const access of ["workloadIdentity", "addonIdentity", "nodeIdentity"] as const) {
    it(`by ${access} is clean bash without a secret in it`, function () {
      const script = scriptFor(access);

      assert.ok(!script.includes(bench.canary));
      assert.equal(spawnSync("bash", ["-n"], { input: script }).status, 0);
      if (spawnSync("shellcheck", ["--version"]).error) {
        this.skip();
      }
      const { status, stdout } = spawnSync("shellcheck", ["-"], { input: script, encoding: "utf8" });
      assert.equal(status, 0, stdout);
    });

    it(`by ${access} runs to its end and applies the class with the ids it has looked up`, () => {
      const { lines, manifests } = run(scriptFor(access));

      const [namespace, ...rest] = parseAllDocuments(manifests).map(
        (document) => document.toJSON() as Record<string, unknown> | null,
      );
      assert.deepEqual(namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "app" } });
      const secretClass = rest.find((one) => one?.["kind"] === "SecretProviderClass");
      const { parameters } = secretClass?.["spec"] as { parameters: Record<string, string> };
      assert.equal(parameters["tenantID"], "the-tenant");
      assert.equal(parameters["clientID"] ?? parameters["userAssignedIdentityID"], "the-client");
      assert.deepEqual(parse(parameters["objects"] ?? ""), {
        array: ["objectName: ExampleSecret\nobjectType: secret\n"],
      });
      assert.ok(lines.some((line) => line.startsWith("az aks create ")));
      // az refuses to turn on what is on.
      assert.ok(!lines.some((line) => line.includes("enable-addons --addons azure-keyvault-secrets-provider --name")));
      assert.match(lines.at(-1) ?? "", /^kubectl delete pod key-vault-csi-proof-/);
      assert.ok(!lines.join("\n").includes(bench.canary));
    });
  }

  it("hands the proof's pod over as it would be made, its shell words untouched", () => {
    const { manifests } = run(scriptFor("addonIdentity"));

    const pod = parseAllDocuments(manifests)
      .map((document) => document.toJSON() as { kind?: string; spec?: { containers: { command: string[] }[] } } | null)
      .find((one) => one?.kind === "Pod");
    const command = pod?.spec?.containers[0]?.command.at(-1) ?? "";
    assert.match(command, /^cd \/mnt\/secrets-store && find -L \. -type f/);
    assert.match(command, /\$\{f#\.\/\}/);
    assert.match(command, /printf %s "\$SALT"/);
  });

  it("turns the add-on on where it is off, and sets only its rotation where it is on", () => {
    const script = scriptFor("addonIdentity", {
      newCluster: undefined,
      rotation: { isEnabled: true, pollInterval: "5m" },
    });

    const whenOff = run(script, { ADDON: "false" }).lines.join("\n");
    const whenOn = run(script, { ADDON: "true" }).lines.join("\n");

    assert.match(whenOff, /az aks enable-addons .*--enable-secret-rotation --rotation-poll-interval 5m/);
    assert.doesNotMatch(whenOff, /addon update/);
    assert.match(whenOn, /az aks addon update .*--enable-secret-rotation --rotation-poll-interval 5m/);
    assert.doesNotMatch(whenOn, /enable-addons/);
  });

  it("leaves out what is so already, for az would refuse it", async () => {
    const intent = bench.intent();
    await bench.apply(bench.plan(intent));
    const steps = bench.plan(intent, { value: "" });
    const satisfied = new Set(Object.keys(await bench.kinds(steps)));

    const script = exportScript(steps, satisfied);

    assert.doesNotMatch(script, /keyvault create|secret set|enable-addons/);
    assert.match(script, /kubectl get pods/);
  });

  it("gives roles or access policies, whichever the vault takes", () => {
    const script = scriptFor("addonIdentity");

    const withRoles = run(script, { RBAC: "true" }).lines.join("\n");
    const withPolicies = run(script, { RBAC: "false" }).lines.join("\n");

    assert.match(withRoles, /az role assignment create/);
    assert.doesNotMatch(withRoles, /set-policy/);
    assert.match(withPolicies, /az keyvault set-policy .*--secret-permissions get list set/);
    assert.doesNotMatch(withPolicies, /role assignment/);
  });
});
