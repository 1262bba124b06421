/** Key Vault's data plane: one handler for every vault of a world, by port or by Host name. */
import { randomUUID } from "node:crypto";
import type { Handler, SandboxRequest, SandboxResponse } from "./http.ts";
import { authenticate, authorize, passFirewall, properties, type KeyVaultPlane } from "./keyVaultAccess.ts";
import { asText } from "./json.ts";
import { certificateRoutes } from "./keyVaultCertificates.ts";
import { badParameter, VaultError } from "./keyVaultErrors.ts";
import { keyRoutes } from "./keyVaultKeys.ts";
import { catchUp, checkName, type VaultCall } from "./keyVaultObjects.ts";
import { matchRoute } from "./keyVaultRoutes.ts";
import { secretRoutes } from "./keyVaultSecrets.ts";
import type { Vault } from "./state.ts";

const routes = [...secretRoutes, ...keyRoutes, ...certificateRoutes];

/** Newest last: the service recommends it to clients that ask for one it doesn't know. */
const apiVersions = ["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"];

/**
 * @param ownVault whose port the request came to; a Host of `<vault>.<suffix>` overrules it, and without either there is no vault
 */
export function createKeyVaultHandler(plane: KeyVaultPlane, ownVault?: Vault): Handler {
  return async (request) => {
    const vault = findVaultByHost(plane, request) ?? ownVault;
    if (!vault || plane.world.vaults.get(vault.id.toLowerCase()) !== vault) {
      // A name that no vault has does not resolve in Azure: there is nobody to answer.
      return { status: 0 };
    }
    const response = await answer(plane, vault, request);
    return { ...response, headers: { ...serviceHeaders(plane, vault, request), ...response.headers } };
  };
}

function findVaultByHost(plane: KeyVaultPlane, request: SandboxRequest): Vault | undefined {
  const host = (request.headers["host"] ?? "").split(":")[0]?.toLowerCase() ?? "";
  const suffix = `.${plane.suffix.toLowerCase()}`;
  if (!host.endsWith(suffix)) {
    return undefined;
  }
  const name = host.slice(0, -suffix.length);
  return [...plane.world.vaults.values()].find((vault) => vault.name.toLowerCase() === name);
}

async function answer(plane: KeyVaultPlane, vault: Vault, request: SandboxRequest): Promise<SandboxResponse> {
  try {
    const caller = authenticate(plane, vault, request);
    checkApiVersion(plane, request);
    catchUp(plane.world, vault);
    const match = matchRoute(routes, request.method, request.path);
    if (!match) {
      plane.onUnknown?.(request, "no such operation of Key Vault's data plane");
      throw new VaultError(404, "NotFound", "The requested resource was not found.");
    }
    passFirewall(plane.world, vault, caller);
    if (match.name) {
      checkName(match.name);
    }
    authorize(plane.world, vault, caller, match.route.permission, match.name || undefined);
    const call: VaultCall = {
      world: plane.world,
      vault,
      caller,
      request,
      base: asText(properties(vault)["vaultUri"]).replace(/\/$/, ""),
      origin: `https://${request.headers["host"] ?? ""}`,
      name: match.name,
      version: match.version,
    };
    return await match.route.handle(call);
  } catch (error) {
    if (error instanceof VaultError) {
      return error.toResponse();
    }
    throw error;
  }
}

function checkApiVersion(plane: KeyVaultPlane, request: SandboxRequest): void {
  const version = request.query.get("api-version");
  if (version === null) {
    throw badParameter("The request is missing the api-version query parameter.");
  }
  if (!apiVersions.includes(version)) {
    plane.onUnknown?.(request, `api-version ${version}`);
    const newest = apiVersions.at(-1) ?? "";
    throw badParameter(
      `The specified version (${version}) is not recognized. Consider using the latest supported version (${newest}).`,
    );
  }
}

function serviceHeaders(plane: KeyVaultPlane, vault: Vault, request: SandboxRequest): Record<string, string> {
  const address = plane.world.clientAddress ?? "127.0.0.1";
  return {
    "cache-control": "no-cache",
    pragma: "no-cache",
    expires: "-1",
    "x-ms-keyvault-region": asText(vault.body["location"]),
    "x-ms-client-request-id": request.headers["x-ms-client-request-id"] ?? randomUUID(),
    "x-ms-request-id": randomUUID(),
    "x-ms-keyvault-service-version": "1.9.2500.1",
    "x-ms-keyvault-network-info": `conn_type=Ipv4;addr=${address};act_addr_fam=InterNetwork;`,
    "x-content-type-options": "nosniff",
  };
}
