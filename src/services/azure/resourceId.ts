import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";

/** The parts of an ARM id of a resource in a resource group. */
export interface ResourceId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** `Microsoft.KeyVault/vaults`. */
  readonly type: string;
  readonly name: string;
}

const pattern = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+\/[^/]+)\/([^/]+)$/i;

/**
 * Takes an ARM id of a top-level resource apart, keeping its letter case.
 * @throws {ServiceError} `invalidRequest` when the text is not such an id
 */
export function parseResourceId(id: string): ResourceId {
  const [, subscriptionId, resourceGroup, type, name] = pattern.exec(id) ?? [];
  if (!subscriptionId || !resourceGroup || !type || !name) {
    throw new ServiceError("invalidRequest", t('This is not the id of an Azure resource: "{0}".', id));
  }
  return { subscriptionId, resourceGroup, type, name };
}

/** Puts an ARM id together in the letter case Azure documents. */
export function formatResourceId({ subscriptionId, resourceGroup, type, name }: ResourceId): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}

/** Whether two ARM ids name the same thing. ARM ids are case-insensitive. */
export function sameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
