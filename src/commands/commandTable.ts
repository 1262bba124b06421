import { commandIds } from "../manifest.ts";
import type { CommandId } from "../manifest.ts";
import type { Command } from "./command.ts";
import { copyConnectionDetails } from "./copyConnectionDetails.ts";
import { copyId } from "./copyId.ts";
import { createVault } from "./createVault.ts";
import { disableKeyVaultCsi } from "./disableKeyVaultCsi.ts";
import { enableKeyVaultCsi } from "./enableKeyVaultCsi.ts";
import { clearFilter, filterTree } from "./filterTree.ts";
import { mergeCredentials } from "./mergeCredentials.ts";
import { openInPortal } from "./openInPortal.ts";
import { openSetup } from "./openSetup.ts";
import { refresh } from "./refresh.ts";
import { resumeWaiting } from "./resumeWaiting.ts";
import { selectSubscriptions } from "./selectSubscriptions.ts";
import { setRotation } from "./setRotation.ts";
import { setSecret } from "./setSecret.ts";
import { showLog } from "./showLog.ts";
import { signIn } from "./signIn.ts";
import { verifyDriver } from "./verifyDriver.ts";

/** What each command does. */
export const commandTable = {
  [commandIds.enable]: enableKeyVaultCsi,
  [commandIds.disable]: disableKeyVaultCsi,
  [commandIds.setRotation]: setRotation,
  [commandIds.resumeWaiting]: resumeWaiting,
  [commandIds.mergeCredentials]: mergeCredentials,
  [commandIds.verifyDriver]: verifyDriver,
  [commandIds.createVault]: createVault,
  [commandIds.setSecret]: setSecret,
  [commandIds.copyConnectionDetails]: copyConnectionDetails,
  [commandIds.copyId]: copyId,
  [commandIds.openInPortal]: openInPortal,
  [commandIds.refresh]: refresh,
  [commandIds.filter]: filterTree,
  [commandIds.clearFilter]: clearFilter,
  [commandIds.signIn]: signIn,
  [commandIds.selectSubscriptions]: selectSubscriptions,
  [commandIds.showLog]: showLog,
  [commandIds.openSetup]: openSetup,
} satisfies Record<CommandId, Command>;
