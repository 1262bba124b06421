/** What the provider says where it gets no token: texts of azidentity, old in provider 1.7 and new in 1.8. */
import { randomUUID } from "node:crypto";
import { CsiFailure } from "./csiFailure.ts";
import type { Family } from "./csiParameters.ts";

const rule = "-".repeat(80);
const names: Readonly<Record<number, string>> = { 400: "Bad Request", 401: "Unauthorized" };

export type Credential = "ClientAssertionCredential" | "ClientSecretCredential";

export interface Refusal {
  readonly family: Family;
  readonly credential: Credential;
  readonly tenantId: string;
  /** AADSTS number. */
  readonly code: number;
  readonly text: string;
  readonly error?: "invalid_client" | "unauthorized_client" | "invalid_request" | "invalid_tenant";
}

function entraBody({ code, text, error = "invalid_client" }: Refusal): object {
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const now = new Date().toISOString().replace("T", " ").replace(/\.\d+/, "");
  return {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${now}`,
    error_codes: [code],
    timestamp: now,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  };
}

/** Entra refuses the token. */
export function refusal(how: Refusal): CsiFailure {
  const { family, credential, tenantId, error = "invalid_client" } = how;
  const body = entraBody(how);
  const status = error === "invalid_client" ? 401 : 400;
  const url = `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`;
  const from = credential === "ClientSecretCredential" ? "FromClientSecret()" : "FromAssertion()";
  const cause =
    family === "1.8"
      ? ""
      : `${from}: http call(${url})(POST) error: reply status code was ${status}:\n${JSON.stringify(body)}`;
  const link = credential === "ClientSecretCredential" ? "client-secret" : "client-assertion";
  return new CsiFailure(
    answered(`${credential} authentication failed. ${cause}`, { family, method: "POST", url, status, body, link }),
  );
}

/** Entra does not know the tenant: already its endpoints cannot be had. */
export function unknownTenant(how: Pick<Refusal, "family" | "credential" | "tenantId">): CsiFailure {
  const { family, credential, tenantId } = how;
  const text = `Tenant '${tenantId}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`;
  const body = entraBody({ ...how, code: 90002, text });
  const url = `https://login.microsoftonline.com/${tenantId}/v2.0/.well-known/openid-configuration`;
  const known = { ...body, error: "invalid_tenant" };
  if (family === "1.7") {
    return new CsiFailure(
      `${credential}: unable to resolve an endpoint: http call(${url})(GET) error: reply status code was 400:\n${JSON.stringify(known)}`,
    );
  }
  const link = credential === "ClientSecretCredential" ? "client-secret" : "client-assertion";
  return new CsiFailure(
    answered(`${credential} authentication failed. `, { family, method: "GET", url, status: 400, body: known, link }),
  );
}

/** The metadata service of the node refuses the token. */
export function metadataFailure(family: Family, description: string, head: string): CsiFailure {
  const url = "http://169.254.169.254/metadata/identity/oauth2/token";
  const body = { error: "invalid_request", error_description: description };
  const answer = { family, method: "GET", url, status: 400, body, link: "managed-id" };
  const one = answered(`ManagedIdentityCredential authentication failed. ${head}`, answer);
  return new CsiFailure(
    family === "1.8" ? one : answered(`ManagedIdentityCredential authentication failed. ${one}`, answer),
  );
}

interface Answered {
  readonly family: Family;
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly body: object;
  readonly link: string;
}

function answered(head: string, { family, method, url, status, body, link }: Answered): string {
  const name = `${status} ${names[status] ?? ""}`;
  // There is no page for assertions: the old library leaves a line for it.
  const hint =
    link !== "client-assertion"
      ? [`To troubleshoot, visit https://aka.ms/azsdk/go/identity/troubleshoot#${link}`]
      : family === "1.7"
        ? [""]
        : [];
  return [
    head,
    `${method} ${url}`,
    rule,
    family === "1.8" ? `RESPONSE ${status}: ${name}` : `RESPONSE ${name}`,
    rule,
    JSON.stringify(body, undefined, 2),
    rule,
    ...hint,
  ].join("\n");
}
