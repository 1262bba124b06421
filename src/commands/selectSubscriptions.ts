import * as vscode from "vscode";

import { cancelled } from "../host/ask.ts";
import { withProgress } from "../host/progress.ts";
import { writeSetting } from "../host/settings.ts";
import { settingIds } from "../manifest.ts";
import type { Subscription, Tenant } from "../services/azure/inventory.ts";
import { ServiceError } from "../services/errors.ts";
import type { App } from "./command.ts";

interface SubscriptionRow extends vscode.QuickPickItem {
  readonly id?: string;
}

/** Lets the person choose which subscriptions the tree, the quick picks and the wizard show. All of them is "all, also later ones". */
export async function selectSubscriptions(app: App): Promise<void> {
  const services = await app.services();
  const { tenants, subscriptions } = await withProgress({
    title: vscode.l10n.t("Reading subscriptions"),
    run: (options) => services.inventory.listSubscriptions(options),
  });
  if (subscriptions.length === 0) {
    throw new ServiceError("notFound", vscode.l10n.t("There are no subscriptions for this account."));
  }
  const chosen = app.estate.chosenSubscriptions();
  const picked = await vscode.window.showQuickPick(rowsOf(tenants, subscriptions, chosen), {
    title: vscode.l10n.t("Select Subscriptions"),
    placeHolder: vscode.l10n.t("Show clusters and vaults of these subscriptions"),
    canPickMany: true,
    matchOnDescription: true,
  });
  if (!picked) {
    throw cancelled();
  }
  const ids = picked.flatMap(({ id }) => (id === undefined ? [] : [id]));
  await writeSetting(settingIds.subscriptions, ids.length === subscriptions.length ? null : ids);
}

function rowsOf(
  tenants: readonly Tenant[],
  subscriptions: readonly Subscription[],
  chosen: readonly string[] | undefined,
): SubscriptionRow[] {
  const tenantIds = [...new Set(subscriptions.map(({ tenantId }) => tenantId))];
  return tenantIds.flatMap((tenantId) => [
    { label: tenants.find(({ id }) => id === tenantId)?.name ?? tenantId, kind: vscode.QuickPickItemKind.Separator },
    ...subscriptions
      .filter((one) => one.tenantId === tenantId)
      .map(({ id, name }) => ({ label: name, description: id, id, picked: chosen?.includes(id) ?? true })),
  ]);
}
