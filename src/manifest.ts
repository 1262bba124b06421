/** Every id we contribute, once. `test/unit/manifest.test.ts` holds this file, package.json and the command table equal. */

/** Publisher and name. */
export const extensionId = "key-vault-csi.key-vault-csi";

export const commandIds = {
  enable: "keyVaultCsi.cluster.enable",
  disable: "keyVaultCsi.cluster.disable",
  setRotation: "keyVaultCsi.cluster.setRotation",
  resumeWaiting: "keyVaultCsi.cluster.resumeWaiting",
  mergeCredentials: "keyVaultCsi.cluster.mergeCredentials",
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

/** Keys of `when` clauses that we set ourselves. */
export const contextKeys = {
  treeState: "keyVaultCsi.treeState",
  isFiltered: "keyVaultCsi.isFiltered",
  /** Set by a step of the walkthrough when it is done. */
  isDriverHealthy: "keyVaultCsi.isDriverHealthy",
} as const;

/** Why the tree has no rows; each has its welcome view, except `ready`. */
export const treeStates = ["ready", "signedOut", "noSubscriptions", "noneSelected", "empty", "nothingMatches"] as const;

export type TreeState = (typeof treeStates)[number];

/**
 * What kinds of rows there are, by the first word of their context value. A menu matches words: `viewItem =~ /^cluster\b.*\+csiOff\b/`.
 */
export const nodeKinds = {
  tenant: "tenant",
  subscription: "subscription",
  clusters: "clusters",
  vaults: "vaults",
  cluster: "cluster",
  addon: "addon",
  driver: "driver",
  node: "node",
  identity: "identity",
  vault: "vault",
  secrets: "secrets",
  secret: "secret",
  fact: "fact",
  failure: "failure",
  message: "message",
} as const;

export type NodeKind = (typeof nodeKinds)[keyof typeof nodeKinds];

/** What a row can also be; joined to its kind with `+`. */
export const nodeTraits = {
  csiOff: "csiOff",
  csiOn: "csiOn",
  running: "running",
  stopped: "stopped",
  updating: "updating",
  rbac: "rbac",
  accessPolicies: "accessPolicies",
  hasId: "hasId",
  inPortal: "inPortal",
} as const;

export type NodeTrait = (typeof nodeTraits)[keyof typeof nodeTraits];

export const settingIds = {
  authenticationMethod: "keyVaultCsi.authentication.method",
  subscriptions: "keyVaultCsi.subscriptions",
  cloudResourceManager: "keyVaultCsi.cloud.resourceManager",
  cloudAuthority: "keyVaultCsi.cloud.authority",
  cloudKeyVaultAudience: "keyVaultCsi.cloud.keyVaultAudience",
  cloudKeyVaultSuffix: "keyVaultCsi.cloud.keyVaultSuffix",
  cloudPortal: "keyVaultCsi.cloud.portal",
} as const;

export type SettingId = (typeof settingIds)[keyof typeof settingIds];

/** How a person signs in, as the setting spells it. */
export const authenticationMethods = ["vscode", "identityVscode", "azureCli", "environment"] as const;

export type AuthenticationMethod = (typeof authenticationMethods)[number];

/** What a setting holds. `null` of `subscriptions`: all that the person may see. */
export interface SettingTypes {
  readonly "keyVaultCsi.authentication.method": AuthenticationMethod;
  readonly "keyVaultCsi.subscriptions": readonly string[] | null;
  readonly "keyVaultCsi.cloud.resourceManager": string;
  readonly "keyVaultCsi.cloud.authority": string;
  readonly "keyVaultCsi.cloud.keyVaultAudience": string;
  readonly "keyVaultCsi.cloud.keyVaultSuffix": string;
  readonly "keyVaultCsi.cloud.portal": string;
}
