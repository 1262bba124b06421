import * as vscode from "vscode";

import { ServiceError } from "../services/errors.ts";
import type { App, Target } from "./command.ts";
import { chooseCluster } from "./chooseCluster.ts";
import { portalUrl } from "./portalUrl.ts";

/** Opens a resource in the cloud's portal, in the resource's own tenant. */
export async function openInPortal(app: App, target: Target): Promise<void> {
  const id =
    target.node?.portalId ??
    (
      await chooseCluster(app, target, {
        title: vscode.l10n.t("Open in Portal"),
        placeholder: vscode.l10n.t("Which cluster?"),
      })
    ).id;
  const url = await portalUrl(app, id);
  if (!url) {
    throw new ServiceError(
      "invalidRequest",
      vscode.l10n.t("This cloud names no portal; the setting keyVaultCsi.cloud.portal can."),
    );
  }
  await vscode.env.openExternal(url);
}
