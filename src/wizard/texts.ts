import { t } from "../services/l10n.ts";

/** Every text of the page, in the user's language. `{0}` is filled in by the page. */
export function wizardTexts() {
  return {
    ...commonTexts(),
    ...clusterTexts(),
    ...addonTexts(),
    ...vaultTexts(),
    ...secretTexts(),
    ...accessTexts(),
    ...classTexts(),
    ...reviewTexts(),
    ...runTexts(),
    ...resultTexts(),
    ...undoTexts(),
  };
}

/** Their keys, for the page. */
export type WizardTexts = Readonly<Record<keyof ReturnType<typeof wizardTexts>, string>>;

function commonTexts() {
  return {
    title: t("Set up Key Vault CSI"),
    steps: t("Steps"),
    stepDone: t("done"),
    loading: t("Loading…"),
    retry: t("Retry"),
    back: t("Back"),
    next: t("Continue"),
    copy: t("Copy"),
    copyNamed: t("Copy {0}"),
    copied: t("Copied: {0}"),
    required: t("Choose or type something here first."),
    checking: t("Checking…"),
    moreRows: t("{0} more. Type in the search field to narrow the list."),
    foundRows: t("{0} of {1} shown"),
    stillLoading: t("More are being read…"),
    noneFit: t("Nothing fits the search."),
    missing: t("Not everything could be read"),
    refresh: t("Refresh"),
  };
}

function clusterTexts() {
  return {
    clusterStep: t("Cluster"),
    clusterHeading: t("Choose a cluster"),
    clusterSearch: t("Search clusters"),
    clusterNone: t("There is no AKS cluster in the subscriptions you can see."),
    clusterMissing: t("Choose a cluster."),
    stateOn: t("On"),
    stateOff: t("Off"),
    stateUpdating: t("Updating"),
    stateStopped: t("Stopped"),
    stateFailed: t("Failed"),
    stateUnreachable: t("Unreachable"),
    private: t("Private"),
  };
}

function addonTexts() {
  return {
    addonStep: t("Add-on"),
    addonHeading: t("Key Vault CSI add-on"),
    addonOff: t("The add-on is off. The setup turns it on; this takes some minutes and restarts no pod."),
    addonOn: t("The add-on is already on."),
    addonUpdating: t("Another operation is running on the cluster ({0}). The setup waits for it, then goes on."),
    addonFailed: t("The last operation on the cluster failed. The setup tries anyway; Azure may refuse."),
    addonStopped: t("The cluster is stopped, so the add-on cannot be changed. Start the cluster, then check again."),
    addonPrivate: t("The cluster is private: its nodes can be checked only from a network that reaches it."),
    addonUnreachable: t(
      "This machine does not reach the cluster, so the driver on its nodes cannot be checked from here: {0}",
    ),
    checkAgain: t("Check Again"),
    rotation: t("Secret rotation"),
    rotationOff: t("Off"),
    rotationOffNote: t("A pod sees a new value when it starts."),
    rotationOn: t("On"),
    rotationOnNote: t("Mounted files follow the vault; the application has to read them again."),
    rotationEvery: t("on, every {0}"),
    rotationIsOff: t("off"),
    pollInterval: t("Poll interval"),
    pollIntervalNote: t("For example 2m, 120s or 1h. A short interval asks the vault more often and can be throttled."),
  };
}

function vaultTexts() {
  return {
    vaultStep: t("Vault"),
    vaultHeading: t("Choose a key vault"),
    vaultKind: t("Which vault?"),
    vaultExisting: t("An existing vault"),
    vaultNew: t("A new vault"),
    vaultLater: t("No vault for now"),
    vaultSearch: t("Search vaults"),
    vaultNone: t("There is no key vault in the subscriptions you can see. Make a new one."),
    vaultMissing: t("Choose a vault."),
    usesRbac: t("Azure RBAC"),
    usesPolicies: t("Access policies"),
    networkSelected: t("Selected networks"),
    networkClosed: t("Private only"),
    vaultReached: t("This machine reaches the vault."),
    vaultClosed: t("The vault's network keeps this machine out: {0}"),
    vaultPolicies: t("This vault uses access policies. The setup adds one for you where it is needed; others stay."),
    vaultName: t("Name"),
    vaultNameNote: t("3–24 letters, digits and hyphens; unique in all of Azure."),
    vaultNameFree: t("The name is free."),
    vaultNameFine: t("The name follows the rules. Whether it is free is checked with the resource group."),
    vaultNameExists: t("This vault exists already in that resource group; it is used as it is."),
    vaultNameDeleted: t("A deleted vault of this name in {0} can still be recovered."),
    deletedNamesake: t("What about the deleted one?"),
    recover: t("Recover it"),
    recoverVaultNote: t("With its secrets. Its role assignments do not come back."),
    purge: t("Purge it"),
    purgeNote: t("It and everything in it is destroyed for ever."),
    purgeProtected: t("It is protected against purging."),
    rename: t("Choose another name"),
    deletedUndecided: t("Decide about the deleted one, or choose another name."),
    subscription: t("Subscription"),
    chooseOne: t("Choose…"),
    resourceGroup: t("Resource group"),
    newGroup: t("New resource group…"),
    newGroupName: t("Name of the new resource group"),
    region: t("Region"),
    authorization: t("Who may use it is decided by"),
    rbacNote: t("Recommended. Roles, as everywhere in Azure."),
    policiesNote: t("The older model, inside the vault."),
    purgeProtection: t("Purge protection"),
    purgeProtectionNote: t("A deleted vault cannot be destroyed before its time. Cannot be turned off again."),
  };
}

function secretTexts() {
  return {
    secretStep: t("Secret"),
    secretHeading: t("Put a secret in the vault"),
    secretNoVault: t("Without a vault there is no secret to set. Continue."),
    secretKind: t("Set a secret?"),
    secretSet: t("Set a secret, or use one that is there"),
    secretLater: t("No secret for now"),
    secretName: t("Name"),
    secretNameNote: t("1–127 letters, digits and hyphens."),
    secretNameFree: t("The name is free."),
    secretNameUnknown: t("The name follows the rules. Whether it is taken shows once you may look into the vault."),
    secretNameExists: t(
      "This secret exists. Leave the value empty to use it as it is, or type a value to set a new version.",
    ),
    secretNameDisabled: t("This secret exists, but is disabled. Type a value to set a new, enabled version."),
    secretNameDeleted: t("A deleted secret of this name can still be recovered."),
    recoverSecretNote: t("With its versions. A value you type becomes the newest one."),
    value: t("Value"),
    valueNote: t("Goes to the vault only: it is never saved or logged. At most {0} bytes."),
    valueBytes: t("{0} bytes"),
    valueTooLong: t("The value takes {0} bytes; a secret holds at most {1}."),
    valueEmpty: t("Type the secret's value."),
    valueGone: t(
      "You had typed a value. It was not kept when this view was closed, since values are never stored. Type it again.",
    ),
    showValue: t("Show value"),
    moreOptions: t("More options"),
    contentType: t("Content type"),
    contentTypeNote: t("A hint for people, such as text/plain."),
    expires: t("Expires"),
    expiresNote: t("In your local time. An expired secret is still mounted; expiry is a reminder."),
    tags: t("Tags"),
    tagsNote: t("One a line, as name=value. At most 15."),
    summaryNone: t("None"),
  };
}

function accessTexts() {
  return {
    accessStep: t("Access"),
    accessHeading: t("Let pods get at it"),
    accessNothing: t("Without a secret there is nothing for pods to mount. Continue."),
    accessKind: t("Who fetches the secret from the vault?"),
    accessWorkload: t("Workload identity (recommended)"),
    accessWorkloadShort: t("Workload identity"),
    accessNodesShort: t("On every node pool"),
    accessWorkloadNote: t("Only pods of one service account get at it. No password, and nothing on the nodes."),
    accessAddon: t("The add-on's identity"),
    accessAddonNote: t("Nothing to make but the right in the vault."),
    accessAddonWarning: t(
      "Every pod of the cluster can use it, whatever its namespace. Turning the add-on off and on again can make another identity, which needs the right anew.",
    ),
    accessNodes: t("An own identity on every node pool"),
    accessNodesNote: t("Put on the scale sets of the nodes."),
    accessNodesWarning: t(
      "Every pod on a node can use it. A node pool that is added later does not get it by itself, and a locked node resource group refuses it.",
    ),
    accessLater: t("Not now"),
    accessLaterNote: t("The setup ends with driver and secret."),
    identity: t("Managed identity"),
    identityNote: t("It gets the least role that reads the secret."),
    identityNew: t("New: {0}, in {1}"),
    namespace: t("Namespace"),
    namespaceNote: t("Where the pods run. One that does not exist is made."),
    namespacesMissing: t("The cluster's namespaces cannot be read from here: {0}"),
    serviceAccount: t("Service account"),
    serviceAccountNote: t("Pods run under it by serviceAccountName. One that does not exist is made."),
  };
}

function classTexts() {
  return {
    classStep: t("Class"),
    classHeading: t("Write a SecretProviderClass"),
    classNothing: t("Without access for pods there is no class to write. Continue."),
    className: t("Name of the class"),
    classNameNote: t("Pods name it in their volume."),
    fileName: t("File name"),
    fileNameNote: t("The alias under which the secret is mounted. May have folders."),
    syncedSecret: t("Also make a Kubernetes Secret"),
    syncedSecretNote: t("Its name; empty: none. It exists as long as a pod mounts the class."),
    prove: t("Prove it with a throwaway pod"),
    proveNote: t("It mounts the class, reports names, sizes and hashes, never a value, and is removed."),
    classYaml: t("SecretProviderClass"),
    classYamlPartly: t("What stands as a variable here is known, and filled in, once it has been made."),
  };
}

function undoTexts() {
  return {
    undo: t("Take Back What This Plan Made…"),
    undoHeading: t("Take this back?"),
    undoWarning: t("In this order. What was there before the plan stays."),
    undoTaken: t("Will be taken back"),
    undoStays: t("Stays"),
    undoConfirm: t("Take Back"),
    undoKeep: t("Keep"),
    undoingHeading: t("Taking back"),
    undoneHeading: t("Taken back"),
  };
}

function reviewTexts() {
  return {
    reviewStep: t("Review"),
    reviewHeading: t("Review"),
    reviewIntro: t("Nothing has been changed yet."),
    reviewLoading: t("Checking what is there…"),
    reviewNothing: t("Everything is as you want it. Applying only checks it again."),
    reviewChanges: t("{0} to change, {1} already so."),
    reviewBlocked: t("{0} blocked. Mend it, then check again."),
    interrupted: t(
      "The last run was interrupted when the window closed. Steps that had finished are found done; Apply goes on with the rest.",
    ),
    satisfied: t("Already so"),
    needed: t("Will change"),
    blocked: t("Blocked"),
    now: t("Now"),
    after: t("After"),
    whyBlocked: t("Why"),
    remedy: t("What helps"),
    warning: t("Note"),
    irreversible: t("No way back"),
    commands: t("Commands"),
    commandsOf: t("Commands of {0}"),
    copyScript: t("Copy as Script"),
    apply: t("Apply"),
  };
}

function runTexts() {
  return {
    runHeading: t("Applying"),
    runIntro: t("You may close this view: the run goes on, and is shown here when you come back."),
    runStop: t("Stop"),
    runStopping: t("Stopping…"),
    runStopNote: t("Stopping ends the waiting. What Azure has accepted by then goes on there."),
    runSteps: t("Steps of the run"),
    waiting: t("Waiting"),
    running: t("Running"),
    done: t("Done"),
    skipped: t("Already so"),
    failed: t("Failed"),
    stopped: t("Stopped"),
    announceStep: t("{0}: {1}"),
    failedHeading: t("It did not go through"),
    stoppedHeading: t("Stopped"),
    backToReview: t("Back to Review"),
  };
}

function resultTexts() {
  return {
    resultHeading: t("Ready"),
    resultIntro: t("What a SecretProviderClass needs to know:"),
    connectionDetails: t("Connection details"),
    objectName: t("Object name"),
    objectType: t("Object type"),
    tenantId: t("Tenant ID"),
    vaultNameDetail: t("Vault name"),
    identityClientId: t("Identity client ID"),
    identityObjectId: t("Identity object ID"),
    copyAll: t("Copy All"),
    driver: t("Driver"),
    nodes: t("{0} of {1} nodes healthy"),
    nodeHealthy: t("Healthy"),
    nodePending: t("Starting"),
    nodeBroken: t("Broken"),
    whatNext: t("What next"),
    proof: t("Proof"),
    proofDone: t("A pod in namespace {0} has mounted the class. It has been removed again."),
    proofFile: t("{0} bytes · salted hash {1}…"),
    proofVersion: t("Version"),
    proofStale: t("The vault has another version by now."),
    proofNote: t("The salt is new for each proof, so that a hash tells nothing about the value."),
    nextWorkload: t("Mount the class in your workload"),
    nextAccess: t("Give the identity access to the vault"),
    nextClass: t("Write a SecretProviderClass and mount it"),
    docsAddon: t("Read about the add-on"),
    startAnother: t("Set Up Another"),
  };
}
