/** Federated identity credentials of a user-assigned identity: at most 20, one writer at a time, issuer and subject unique. */
import { setTimeout as pause } from "node:timers/promises";
import type { ArmContext, ArmRoute } from "./armRoute.ts";
import { findIdentity, identityApiVersions, identityType } from "./armIdentityIds.ts";
import { ArmError } from "./errors.ts";
import type { SandboxResponse } from "./http.ts";
import { asArray, asObject, asText } from "./json.ts";
import type { JsonObject, ManagedIdentity } from "./state.ts";

const type = `${identityType}/federatedIdentityCredentials`;
const credentials = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${identityType}/{name}/federatedIdentityCredentials`;
const maxCredentials = 20;

/** Long enough for a second writer that doesn't wait for the first to be noticed. */
const writeMs = 15;

type Credential = ManagedIdentity["federatedCredentials"] extends Map<string, infer C> ? C : never;

const beingWritten = new WeakSet<ManagedIdentity>();

const route = (method: ArmRoute["method"], pattern: string, verb: string, handle: ArmRoute["handle"]): ArmRoute => ({
  method,
  pattern,
  apiVersions: identityApiVersions.filter((version) => version >= "2022-01-31"),
  action: `${type}/${verb}`,
  handle,
});

export const federatedCredentialRoutes: readonly ArmRoute[] = [
  route("GET", credentials, "read", listCredentials),
  route("GET", `${credentials}/{credential}`, "read", getCredential),
  route("PUT", `${credentials}/{credential}`, "write", (context) => writeAlone(context, putCredential)),
  route("DELETE", `${credentials}/{credential}`, "delete", (context) => writeAlone(context, deleteCredential)),
];

type Write = (context: ArmContext, identity: ManagedIdentity) => SandboxResponse;

/** @throws {ArmError} 409 while another write of this identity's credentials is under way */
async function writeAlone(context: ArmContext, write: Write): Promise<SandboxResponse> {
  const identity = findIdentity(context);
  if (beingWritten.has(identity)) {
    const message =
      `Too many Federated Identity Credentials are written concurrently for the managed identity '${identity.id}'. ` +
      "Concurrent Federated Identity Credentials writes under the same managed identity are not supported.";
    throw new ArmError(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity", message);
  }
  beingWritten.add(identity);
  try {
    await pause(writeMs);
    return write(context, identity);
  } finally {
    beingWritten.delete(identity);
  }
}

function describe(identity: ManagedIdentity, { name, issuer, subject, audiences }: Credential): JsonObject {
  return {
    id: `${identity.id}/federatedIdentityCredentials/${name}`,
    name,
    type,
    properties: { issuer, subject, audiences: [...audiences] },
  };
}

function listCredentials(context: ArmContext): SandboxResponse {
  const identity = findIdentity(context);
  const value = [...identity.federatedCredentials.values()].map((credential) => describe(identity, credential));
  return { status: 200, body: { value } };
}

function keyOf({ params }: ArmContext): string {
  return (params["credential"] ?? "").toLowerCase();
}

function getCredential(context: ArmContext): SandboxResponse {
  const identity = findIdentity(context);
  const found = identity.federatedCredentials.get(keyOf(context));
  if (!found) {
    const message = `The Resource '${type.replace("/federated", `/${identity.name}/federated`)}/${context.params["credential"] ?? ""}' under resource group '${identity.resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`;
    throw new ArmError(404, "ResourceNotFound", message);
  }
  return { status: 200, body: describe(identity, found) };
}

function badRequest(message: string): ArmError {
  return new ArmError(400, "BadRequest", message);
}

function putCredential(context: ArmContext, identity: ManagedIdentity): SandboxResponse {
  const name = context.params["credential"] ?? "";
  if (!/^[a-z0-9][a-z0-9_-]{2,119}$/i.test(name)) {
    throw badRequest(
      `The federated identity credential name '${name}' is not valid. It must match the regular expression '^[a-zA-Z0-9]{1}[a-zA-Z0-9-_]{2,119}$'.`,
    );
  }
  const wanted = readCredential(context, name);
  const others = [...identity.federatedCredentials.values()].filter(
    (other) => other.name.toLowerCase() !== name.toLowerCase(),
  );
  if (others.some(({ issuer, subject }) => issuer === wanted.issuer && subject === wanted.subject)) {
    throw new ArmError(409, "Conflict", "Issuer and subject combination already exists for this Managed Identity.");
  }
  const existing = identity.federatedCredentials.get(name.toLowerCase());
  if (!existing && others.length >= maxCredentials) {
    throw badRequest("Too many Federated Identity Credentials");
  }
  const stored = { ...wanted, createdAt: existing?.createdAt ?? wanted.createdAt };
  identity.federatedCredentials.set(name.toLowerCase(), stored);
  return { status: existing ? 200 : 201, body: describe(identity, stored) };
}

function readCredential(context: ArmContext, name: string): Credential {
  const properties = asObject(context.body()["properties"]);
  const [issuer, subject] = [asText(properties["issuer"]), asText(properties["subject"])];
  const audiences = asArray(properties["audiences"]).map(asText);
  if (!/^https:\/\/\S+$/i.test(issuer)) {
    throw badRequest("The value for 'issuer' of the federated identity credential must be a valid HTTPS URL.");
  }
  if (subject === "") {
    throw badRequest("The value for 'subject' of the federated identity credential must not be empty.");
  }
  if (audiences.length !== 1 || audiences[0] === "") {
    throw badRequest(
      "The value for 'audiences' of the federated identity credential must contain exactly one audience.",
    );
  }
  return { name, issuer, subject, audiences, createdAt: context.world.clock.now() };
}

function deleteCredential(context: ArmContext, identity: ManagedIdentity): SandboxResponse {
  return { status: identity.federatedCredentials.delete(keyOf(context)) ? 200 : 204 };
}
