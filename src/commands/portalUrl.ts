import * as vscode from "vscode";

import type { App } from "./command.ts";

/** The page of a resource in the cloud's portal; undefined where the cloud has none. */
export async function portalUrl(
  app: Pick<App, "services" | "estate">,
  resourceId: string,
): Promise<vscode.Uri | undefined> {
  const { cloud } = await app.services();
  if (cloud.portal === undefined) {
    return undefined;
  }
  const subscriptionId = /^\/subscriptions\/([^/]+)/i.exec(resourceId)?.[1]?.toLowerCase();
  const tenantId = app.estate.view?.estate.subscriptions.find(({ id }) => id === subscriptionId)?.tenantId;
  const tenant = tenantId === undefined ? "" : `@${tenantId}/`;
  return vscode.Uri.parse(`${cloud.portal}/#${tenant}resource${resourceId}`);
}
