/** How Resource Manager and its providers say no. */
import type { SandboxResponse } from "./http.ts";
import type { JsonObject } from "./state.ts";

/** Resource Manager's envelope: `{"error": {code, message, …}}`. */
export class ArmError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: { readonly headers?: Readonly<Record<string, string>>; readonly fields?: JsonObject } = {},
  ) {
    super(message);
    this.name = "ArmError";
  }

  response(): SandboxResponse {
    return {
      status: this.status,
      headers: { "x-ms-failure-cause": "gateway", ...this.more.headers },
      body: { error: { code: this.code, message: this.message, ...this.more.fields } },
    };
  }
}

/** The flat envelope of the container service: `{"code", "details", "message", "subcode"}`. */
export class ContainerServiceError extends ArmError {
  override response(): SandboxResponse {
    return {
      status: this.status,
      headers: { "x-ms-failure-cause": "service", ...this.more.headers },
      body: { code: this.code, details: null, message: this.message, subcode: "", ...this.more.fields },
    };
  }
}

export function resourceGroupNotFound(name: string): ArmError {
  return new ArmError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
}

/** @param type `Microsoft.KeyVault/vaults` */
export function resourceNotFound(type: string, name: string, resourceGroup: string): ArmError {
  return new ArmError(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

export function authorizationFailed(client: string, objectId: string, action: string, scope: string): ArmError {
  return new ArmError(
    403,
    "AuthorizationFailed",
    `The client '${client}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}
