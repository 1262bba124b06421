import type { CallOptions } from "../services/call.ts";
import { isAbort } from "../services/errors.ts";
import type { DriverReport, NodeDriverState } from "../services/kubernetes/driverPods.ts";
import { t } from "../services/l10n.ts";
import { findReader } from "../services/plan/access.ts";
import type { Intent } from "../services/plan/intent.ts";
import type { ProofReport } from "../services/plan/proof.ts";
import { findModel } from "../services/plan/steps/secretProviderClass.ts";
import { fileNames, type ClassObject } from "../services/secretProviderClass/model.ts";
import { writeSecretProviderClass } from "../services/secretProviderClass/write.ts";
import type { Services } from "../services/services.ts";
import type { DriverResult, ProofResult, RunResult } from "./protocol.ts";

type ResultServices = Pick<
  Services,
  "cloud" | "managedClusters" | "keyVaults" | "identities" | "clusterClients" | "driver"
>;

/** Reads what came of a plan. What cannot be read is said, and the rest is given. */
export async function readResult(
  services: ResultServices,
  intent: Intent,
  proof: ProofReport | undefined,
  options: CallOptions,
): Promise<RunResult> {
  const vaultId = vaultIdOf(intent);
  const missing: string[] = [];
  const orMissing = async <T>(what: string, reading: Promise<T>): Promise<T | undefined> =>
    reading.catch((error: unknown) => {
      if (isAbort(error)) {
        throw error;
      }
      missing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
  const [reader, vault, driver, classYaml] = await Promise.all([
    orMissing(t("Identity"), readReader(services, intent, options)),
    vaultId === undefined ? undefined : orMissing(t("Vault"), services.keyVaults.get(vaultId, options)),
    orMissing(t("Driver"), readDriver(services, intent.clusterId, options)),
    orMissing("SecretProviderClass", readClass(services, intent, options)),
  ]);
  return {
    ...(intent.secret && { objectName: intent.secret.name, objectType: "secret" }),
    ...(vault && { vaultName: vault.name, tenantId: vault.tenantId }),
    ...(reader && { identityClientId: reader.clientId, identityObjectId: reader.objectId }),
    driver,
    classYaml,
    proof: proof && proofResult(proof, intent.mount?.objects ?? []),
    missing,
  };
}

function vaultIdOf({ vault }: Intent): string | undefined {
  return vault?.kind === "new" ? vault.vault.id : vault?.id;
}

/** Whoever fetches the objects; the add-on's identity where nothing is mounted yet. */
function readReader(services: ResultServices, { clusterId, mount }: Intent, options: CallOptions) {
  return findReader(services, clusterId, mount?.access ?? { kind: "addonIdentity" }, options);
}

async function readClass(services: ResultServices, intent: Intent, options: CallOptions): Promise<string | undefined> {
  const { clusterId, mount } = intent;
  const vaultId = vaultIdOf(intent);
  if (!mount || vaultId === undefined) {
    return undefined;
  }
  const target = { ...mount, clusterId, vaultId, name: mount.className, isNew: false };
  const model = await findModel(services, target, options);
  return model && writeSecretProviderClass(model);
}

/** Enough of a hash to compare files by. */
const shownHash = 12;

function proofResult({ namespace, files, objects }: ProofReport, mounted: readonly ClassObject[]): ProofResult {
  return {
    namespace,
    files: files.map(({ name, sizeBytes, saltedHash }) => {
      const object = mounted.find((one) => fileNames(one).includes(name));
      const proved = objects.find(
        ({ objectType, objectName }) => objectType === object?.objectType && objectName === object.objectName,
      );
      const { mountedVersion, vaultVersion } = proved ?? {};
      const isCurrent = vaultVersion === undefined ? undefined : vaultVersion === mountedVersion;
      return { name, sizeBytes, version: mountedVersion, isCurrent, hash: saltedHash.slice(0, shownHash) };
    }),
  };
}

async function readDriver(services: ResultServices, clusterId: string, options: CallOptions): Promise<DriverResult> {
  const client = await services.clusterClients.open(clusterId, options);
  return driverResult(await services.driver.verify(client, { withinMs: 0, everyMs: 0 }, undefined, options));
}

/** The most nodes the page lists; the summary counts all. */
const shownNodes = 100;

function driverResult({ verdict, summary, nodes }: DriverReport): DriverResult {
  const unhealthyFirst = [...nodes].sort((a, b) => Number(a.verdict === "healthy") - Number(b.verdict === "healthy"));
  return {
    verdict,
    summary,
    nodes: unhealthyFirst.slice(0, shownNodes).map((node) => ({
      name: node.node,
      verdict: node.verdict,
      reason: reasonOf(node),
    })),
  };
}

function reasonOf(node: NodeDriverState): string | undefined {
  const hole = [node.driver, node.provider].find(({ kind }) => kind !== "ready");
  if (hole && hole.kind !== "ready") {
    return hole.reason;
  }
  return node.isRegistered ? undefined : t("The driver has not registered with the node yet.");
}
