import type {
  ChosenCluster,
  MountDraft,
  NewVaultDraft,
  Rotation,
  SecretDraft,
  VaultDraft,
  WizardDraft,
} from "../protocol.ts";

/** One choice of the person. */
export type Choice =
  | { readonly kind: "cluster"; readonly cluster: ChosenCluster }
  | { readonly kind: "rotation"; readonly rotation: Rotation | undefined }
  | { readonly kind: "vaultKind"; readonly vault: VaultDraft["kind"] }
  | { readonly kind: "existingVault"; readonly vault: NonNullable<VaultDraft["existing"]> }
  | { readonly kind: "newVault"; readonly change: Partial<NewVaultDraft> }
  | { readonly kind: "secret"; readonly change: Partial<SecretDraft> }
  | { readonly kind: "mount"; readonly change: Partial<MountDraft> };

export const emptyDraft: WizardDraft = {
  vault: {
    kind: "existing",
    fresh: {
      ...{ name: "", subscriptionId: "", resourceGroup: "", isNewGroup: false, location: "" },
      ...{ usesRbac: true, isPurgeProtected: false },
    },
  },
  secret: { kind: "set", name: "", contentType: "", expiresOn: "", tags: [], hadValue: false },
  mount: {
    ...{ access: "workloadIdentity", namespace: "", serviceAccount: "" },
    ...{ className: "", fileName: "", syncedSecret: "", isProved: true },
  },
};

/** The draft after a choice. What was decided about something else than is now chosen is undecided again. */
export function choose(draft: WizardDraft, choice: Choice): WizardDraft {
  switch (choice.kind) {
    case "cluster":
      return chooseCluster(draft, choice.cluster);
    case "rotation":
      return { ...draft, rotation: choice.rotation };
    case "vaultKind":
      return withVault(draft, { kind: choice.vault });
    case "existingVault":
      return withVault(draft, { existing: choice.vault });
    case "newVault":
      return withVault(draft, { fresh: changeNewVault(draft.vault.fresh, choice.change) });
    case "secret":
      return { ...draft, secret: changeSecret(draft.secret, choice.change) };
    case "mount":
      return { ...draft, mount: changeMount(draft.mount, choice.change) };
  }
}

function chooseCluster(draft: WizardDraft, cluster: ChosenCluster): WizardDraft {
  if (draft.cluster?.id.toLowerCase() === cluster.id.toLowerCase()) {
    return draft;
  }
  const mount = { ...draft.mount, identity: undefined, namespace: "", serviceAccount: "" };
  return { ...draft, cluster, rotation: undefined, mount };
}

function withVault(draft: WizardDraft, change: Partial<VaultDraft>): WizardDraft {
  return {
    ...draft,
    vault: { ...draft.vault, ...change },
    secret: { ...draft.secret, ifDeleted: undefined },
  };
}

function changeNewVault(fresh: NewVaultDraft, change: Partial<NewVaultDraft>): NewVaultDraft {
  const isElsewhere = change.subscriptionId !== undefined && change.subscriptionId !== fresh.subscriptionId;
  const isOther = isElsewhere || (change.name !== undefined && change.name !== fresh.name);
  return {
    ...fresh,
    ...(isOther && { ifDeleted: undefined }),
    ...(isElsewhere && { resourceGroup: "", isNewGroup: false }),
    ...change,
  };
}

function changeSecret(secret: SecretDraft, change: Partial<SecretDraft>): SecretDraft {
  const isOther = change.name !== undefined && change.name !== secret.name;
  return { ...secret, ...(isOther && { ifDeleted: undefined }), ...change };
}

/** An identity for one service account is no good for all nodes, nor the other way round. */
function changeMount(mount: MountDraft, change: Partial<MountDraft>): MountDraft {
  const isOther = change.access !== undefined && change.access !== mount.access;
  return { ...mount, ...(isOther && { identity: undefined }), ...change };
}

/** Whether the vault is chosen, as far as the draft alone can tell. */
export function isVaultChosen({ vault: { kind, existing, fresh } }: WizardDraft): boolean {
  switch (kind) {
    case "none":
      return true;
    case "existing":
      return existing !== undefined;
    case "new":
      return [fresh.name, fresh.subscriptionId, fresh.resourceGroup, fresh.location].every((part) => part !== "");
  }
}

/** Whether the plan sets a secret, or uses one that is there. */
export function wantsSecret({ vault, secret }: WizardDraft): boolean {
  return vault.kind !== "none" && secret.kind === "set";
}

/** Whether there is something that pods could mount. */
export function canMount(draft: WizardDraft): boolean {
  return wantsSecret(draft) && draft.secret.name !== "";
}

/** Whether the plan makes pods find the secret in their volume. */
export function wantsMount(draft: WizardDraft): boolean {
  return canMount(draft) && draft.mount.access !== "none";
}

/** Whether a value was typed that this page does not have any more. */
export function hasLostValue(draft: WizardDraft, value: string | undefined): boolean {
  return wantsSecret(draft) && draft.secret.hadValue && value === undefined;
}

/** Whether the secret is chosen, as far as the draft alone can tell. */
export function isSecretChosen(draft: WizardDraft, value: string | undefined): boolean {
  return !wantsSecret(draft) || (draft.secret.name !== "" && !hasLostValue(draft, value));
}

/** The name of the vault the draft is about. */
export function vaultNameOf({ vault: { kind, existing, fresh } }: WizardDraft): string | undefined {
  switch (kind) {
    case "none":
      return undefined;
    case "existing":
      return existing?.name;
    case "new":
      return fresh.name;
  }
}

// ── What is saved ──

/** Raised when a saved draft of an older page would be misread. */
const version = 2;

/** What outlives the page. It has no place for a secret's value. */
export interface Saved {
  readonly draft: WizardDraft;
  /** A step's id, or `run`. */
  readonly screen: string;
}

export function toState(saved: Saved): unknown {
  return { version, ...saved };
}

export function fromState(state: unknown): Saved | undefined {
  if (typeof state !== "object" || state === null || (state as { version?: unknown }).version !== version) {
    return undefined;
  }
  // Written by toState of this version.
  return state as unknown as Saved;
}
