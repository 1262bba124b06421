/** Every id we contribute, once. `test/unit/manifest.test.ts` holds this file, package.json and the command table equal. */

export const extensionId = "key-vault-csi";

export const commandIds = {
  enable: "keyVaultCsi.cluster.enable",
  resumeWaiting: "keyVaultCsi.cluster.resumeWaiting",
  verifyDriver: "keyVaultCsi.driver.verify",
  createVault: "keyVaultCsi.vault.create",
  setSecret: "keyVaultCsi.secret.set",
  copyConnectionDetails: "keyVaultCsi.connectionDetails.copy",
  copyId: "keyVaultCsi.id.copy",
  openInPortal: "keyVaultCsi.resource.openInPortal",
  refresh: "keyVaultCsi.tree.refresh",
  filter: "keyVaultCsi.tree.filter",
  clearFilter: "keyVaultCsi.tree.clearFilter",
  signIn: "keyVaultCsi.account.signIn",
  selectSubscriptions: "keyVaultCsi.subscriptions.select",
  showLog: "keyVaultCsi.log.show",
  openSetup: "keyVaultCsi.setup.open",
} as const;

export type CommandId = (typeof commandIds)[keyof typeof commandIds];

export const viewIds = {
  container: "keyVaultCsi",
  tree: "keyVaultCsi.tree",
  setup: "keyVaultCsi.setup",
} as const;
