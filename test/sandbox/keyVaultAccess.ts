/** Who may use a vault: the challenge, the firewall, then Azure RBAC or the vault's access policies. */
import { BlockList, isIPv4 } from "node:net";
import { isAllowed } from "./authorization.ts";
import type { SandboxRequest } from "./http.ts";
import { asArray, asObject, asText } from "./json.ts";
import { VaultError } from "./keyVaultErrors.ts";
import type { JsonObject, Vault, World } from "./state.ts";

/** The claims of a token that a vault looks at. */
export interface VaultCaller {
  readonly tid: string;
  readonly oid: string;
  readonly iss: string;
  readonly aud: string;
  readonly exp: number;
  readonly appid?: string;
  readonly azp?: string;
}

/** How vaults are reached and whom they trust. */
export interface KeyVaultPlane {
  readonly world: World;
  /** `https://127.0.0.1:<port>`: the challenge sends clients to `<authority>/<tenant>`. */
  readonly authority: string;
  /** `https://vault.sandbox.test`: what a token's `aud` must be, without a trailing slash. */
  readonly audience: string;
  /** `vault.sandbox.test`: a request whose Host is `<vault>.<suffix>` is for that vault. */
  readonly suffix: string;
  /** The claims of a token signed by the sandbox that has not expired. */
  verify(token: string): VaultCaller | undefined;
  /** Told of requests that the real service would not know either. */
  onUnknown?(request: SandboxRequest, why: string): void;
}

export type Permission =
  | { readonly kind: "secrets"; readonly verb: string; readonly dataAction: string }
  | { readonly kind: "keys"; readonly verb: string; readonly dataAction: string }
  | { readonly kind: "certificates"; readonly verb: string; readonly dataAction: string };

/** RFC 5737: an address that is nobody's, so that no ip rule lets it in by chance. */
const defaultClientAddress = "203.0.113.10";

export function properties(vault: Vault): JsonObject {
  return asObject(vault.body["properties"]);
}

/** @throws {VaultError} 401 with the challenge that tells a client which authority and resource it needs a token for */
export function authenticate(plane: KeyVaultPlane, vault: Vault, request: SandboxRequest): VaultCaller {
  const tenantId = asText(properties(vault)["tenantId"]);
  const refuse = (message: string): VaultError =>
    new VaultError(401, "Unauthorized", message, {
      headers: {
        "www-authenticate": `Bearer authorization="${plane.authority}/${tenantId}", resource="${plane.audience}"`,
      },
    });
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  if (token === undefined) {
    throw refuse("AKV10000: Request is missing a Bearer or PoP token.");
  }
  const claims = plane.verify(token);
  if (!claims) {
    throw refuse(explainUnverified(token, plane.world.clock.now()));
  }
  if (claims.aud !== plane.audience) {
    throw refuse(`AKV10022: Invalid audience. Expected ${plane.audience}, found: ${claims.aud}.`);
  }
  if (claims.tid.toLowerCase() !== tenantId.toLowerCase()) {
    const expected = claims.iss.replace(claims.tid, tenantId);
    throw refuse(`AKV10032: Invalid issuer. Expected one of ${expected}, found ${claims.iss}.`);
  }
  return claims;
}

function explainUnverified(token: string, now: number): string {
  try {
    const payload = asObject(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")));
    if (Number(payload["exp"]) * 1000 <= now) {
      return "[TokenExpired] Error validating token: 'S2S12086'.";
    }
    return "AKV10046: Unable to resolve the key used for signature validation.";
  } catch {
    return "AKV10001: Error parsing the JWT token.";
  }
}

function describeCaller(caller: VaultCaller): string {
  return `appid=${caller.appid ?? caller.azp ?? ""};oid=${caller.oid};iss=${caller.iss}`;
}

function describeVault(vault: Vault): string {
  return `${vault.name};location=${asText(vault.body["location"])}`;
}

/** @throws {VaultError} 403 when the vault's network settings keep this client out */
export function passFirewall(world: World, vault: Vault, caller: VaultCaller): void {
  const { publicNetworkAccess, networkAcls } = properties(vault);
  const who = `Caller: ${describeCaller(caller)}\r\nVault: ${describeVault(vault)}`;
  if (asText(publicNetworkAccess).toLowerCase() === "disabled") {
    const why =
      "Public network access is disabled and request is not from a trusted service nor via an approved private link.";
    throw new VaultError(403, "Forbidden", `${why}\r\n${who}`, { innerCode: "ForbiddenByConnection" });
  }
  const address = world.clientAddress ?? defaultClientAddress;
  if (!letsIn(asObject(networkAcls), address)) {
    const why = `Client address is not authorized and caller is not a trusted service.\r\nClient address: ${address}`;
    throw new VaultError(403, "Forbidden", `${why}\r\n${who}`, { innerCode: "ForbiddenByFirewall" });
  }
}

function letsIn(networkAcls: JsonObject, address: string): boolean {
  if (asText(networkAcls["defaultAction"]).toLowerCase() !== "deny") {
    return true;
  }
  const list = new BlockList();
  for (const rule of asArray(networkAcls["ipRules"])) {
    const [network = "", bits = "32"] = asText(asObject(rule)["value"]).split("/");
    if (isIPv4(network)) {
      list.addSubnet(network, Number(bits));
    }
  }
  return list.check(address);
}

/** @param name of the object; none for lists, which need the right at the vault itself */
export function authorize(
  world: World,
  vault: Vault,
  caller: VaultCaller,
  permission: Permission,
  name: string | undefined,
): void {
  if (properties(vault)["enableRbacAuthorization"] === true) {
    authorizeByRole(world, vault, caller, permission, name);
  } else {
    authorizeByPolicy(vault, caller, permission);
  }
}

function authorizeByRole(
  world: World,
  vault: Vault,
  caller: VaultCaller,
  permission: Permission,
  name: string | undefined,
): void {
  const action = `Microsoft.KeyVault/vaults/${permission.dataAction}`;
  const scope = name === undefined ? vault.id : `${vault.id}/${permission.kind}/${name}`;
  if (isAllowed(world, caller.oid, scope, action, "dataAction")) {
    return;
  }
  const message = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: ${describeCaller(caller)}`,
    `Action: '${action}'`,
    `Resource: '${scope.toLowerCase()}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: 'DeniedWithNoValidRBAC' ",
    `Vault: ${describeVault(vault)}`,
    "",
  ].join("\r\n");
  throw new VaultError(403, "Forbidden", message, { innerCode: "ForbiddenByRbac" });
}

function authorizeByPolicy(vault: Vault, caller: VaultCaller, permission: Permission): void {
  const own = asArray(properties(vault)["accessPolicies"])
    .map(asObject)
    .filter((policy) => asText(policy["objectId"]).toLowerCase() === caller.oid.toLowerCase());
  const direct = own.filter((policy) => !policy["applicationId"]);
  if (direct.some((policy) => grants(policy, permission))) {
    return;
  }
  const message =
    `The user, group or application '${describeCaller(caller)}' does not have ${permission.kind} ${permission.verb} ` +
    `permission on key vault '${describeVault(vault)}'. ` +
    "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287";
  throw new VaultError(403, "Forbidden", message, {
    innerCode: own.length > 0 ? "ForbiddenByPolicy" : "AccessDenied",
  });
}

function grants(policy: JsonObject, { kind, verb }: Permission): boolean {
  return asArray(asObject(policy["permissions"])[kind]).some((entry) =>
    ["all", verb].includes(asText(entry).toLowerCase()),
  );
}
