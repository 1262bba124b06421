import type { ServiceErrorCode } from "../services/errors.ts";

// ── What the page asks ──

/** Requests of the page. Keys are names on the wire; each takes one object and answers with one value. */
export interface WizardRequests {
  /** What a page that opens, or comes back, has to know. */
  load: (params: Nothing) => Loaded;
  /** The cluster somebody asked the wizard for; given once. */
  takeOpening: (params: Nothing) => { readonly cluster: ChosenCluster | undefined };
  /** Clusters that fit the search. The first call starts reading the estate; an `estate` event says when to ask again. */
  listClusters: (params: Search) => ClusterList;
  listVaults: (params: Search) => VaultList;
  listSubscriptions: (params: Nothing) => SubscriptionList;
  /** Reads the estate again from the start. */
  refreshEstate: (params: Nothing) => Nothing;
  /** A cluster as it is now. */
  getCluster: (params: { readonly clusterId: string }) => ClusterDetails;
  /** Whether this machine gets to the cluster's Kubernetes API. */
  checkClusterReach: (params: { readonly clusterId: string }) => Reach;
  checkPollInterval: (params: { readonly text: string }) => Verdict;
  /** A vault as it is now, and whether its network lets this machine in. */
  getVault: (params: { readonly vaultId: string }) => VaultDetails;
  /** Resource groups and regions of a subscription. */
  listPlaces: (params: { readonly subscriptionId: string }) => Places;
  checkGroupName: (params: { readonly text: string }) => Verdict;
  checkVaultName: (params: {
    readonly subscriptionId: string;
    readonly resourceGroup: string;
    readonly name: string;
  }) => VaultNameVerdict;
  /** `vaultId` undefined: the vault does not exist yet, so that only the rules are checked. */
  checkSecretName: (params: { readonly vaultId?: string | undefined; readonly name: string }) => SecretNameVerdict;
  /** Content type, expiry and tags. */
  checkSecretProperties: (params: { readonly secret: SecretDraft }) => Verdict;
  /** What the mount's names will be unless told otherwise. */
  proposeMount: (params: { readonly draft: WizardDraft }) => MountProposal;
  listIdentities: (params: { readonly subscriptionId: string }) => IdentityList;
  /** The namespaces of a cluster, where this machine reaches it. */
  listNamespaces: (params: { readonly clusterId: string }) => NamespaceList;
  checkMountName: (params: { readonly kind: MountNameKind; readonly text: string }) => Verdict;
  /** The SecretProviderClass as it would be written now. */
  previewClass: (params: { readonly draft: WizardDraft }) => ClassPreview;
  /** The plan of a draft, checked against the world. Changes nothing. */
  preview: (params: { readonly draft: WizardDraft; readonly hasValue: boolean }) => Preview;
  /** Starts applying, and answers at once; `run` events tell the rest. While a run is under way it answers with that one. */
  apply: (params: { readonly draft: WizardDraft; readonly value?: string | undefined }) => Run;
  /** Ends the waiting of a run. What Azure has accepted goes on there. */
  stopApply: (params: Nothing) => Run | undefined;
  /** Takes back what a run that has ended made, last step first; answers at once, like `apply`. */
  undo: (params: Nothing) => Run | undefined;
  /** Forgets a run that has ended, so that another can be prepared. */
  closeRun: (params: Nothing) => Nothing;
  copyText: (params: { readonly text: string }) => Nothing;
  /** Opens one of the pages the host knows. */
  openLink: (params: { readonly link: LinkName }) => Nothing;
}

/** What the host tells unasked. */
export interface WizardEvents {
  /** More of the estate is known, or reading it has ended. */
  estate: Nothing;
  run: Run;
  /** Somebody asks for the wizard at a cluster: `takeOpening` says which. */
  open: Nothing;
}

export type Nothing = Readonly<Record<string, never>>;
export type LinkName = "addonDocs" | "accessDocs" | "workloadDocs";

export interface Loaded {
  readonly run: Run | undefined;
  readonly maxSecretBytes: number;
}

export interface Search {
  readonly text: string;
  readonly limit: number;
}

/** A part of an answer that grows while the estate is read. */
export interface Growing {
  readonly isLoading: boolean;
  /** How many there are in all, and how many fit the search. */
  readonly total: number;
  readonly found: number;
  /** What could not be read, as sentences. */
  readonly missing: readonly string[];
}

export type ClusterState = "on" | "off" | "updating" | "stopped" | "failed";

export interface ChosenCluster {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

export interface ClusterChoice extends ChosenCluster {
  readonly location: string;
  readonly subscriptionName: string;
  readonly state: ClusterState;
  readonly isPrivate: boolean;
  /** It did not answer this machine when it was last asked. */
  readonly isUnreachable: boolean;
}

export interface ClusterList extends Growing {
  readonly clusters: readonly ClusterChoice[];
}

export interface VaultChoice {
  readonly id: string;
  readonly name: string;
  readonly subscriptionName: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly usesRbac: boolean;
  readonly network: "open" | "selected" | "closed";
}

export interface VaultList extends Growing {
  readonly vaults: readonly VaultChoice[];
}

export interface SubscriptionList extends Growing {
  readonly subscriptions: readonly { readonly id: string; readonly name: string }[];
}

export interface Rotation {
  readonly isEnabled: boolean;
  readonly pollInterval: string;
}

export interface ClusterDetails {
  readonly location: string;
  readonly state: ClusterState;
  /** Whether the add-on is on now, whatever else the cluster is doing. */
  readonly isOn: boolean;
  readonly provisioningState: string;
  readonly kubernetesVersion: string;
  readonly isPrivate: boolean;
  readonly rotation: Rotation;
}

export type Reach = { readonly kind: "reached" } | { readonly kind: "unreachable"; readonly message: string };

export interface VaultDetails {
  readonly usesRbac: boolean;
  /** Undefined: this machine gets in. */
  readonly closedMessage: string | undefined;
}

export interface Places {
  readonly groups: readonly { readonly name: string; readonly location: string }[];
  readonly locations: readonly { readonly name: string; readonly displayName: string }[];
}

/** Undefined: fine. */
export interface Verdict {
  readonly problem: string | undefined;
}

export type VaultNameVerdict =
  | { readonly kind: "available" }
  /** Follows the rules; whether it is free shows once a resource group is chosen. */
  | { readonly kind: "unknown" }
  | { readonly kind: "wrong"; readonly message: string }
  | { readonly kind: "exists" }
  | { readonly kind: "deleted"; readonly location: string; readonly canPurge: boolean };

export type SecretNameVerdict =
  | { readonly kind: "free" }
  | { readonly kind: "wrong"; readonly message: string }
  | { readonly kind: "exists"; readonly isEnabled: boolean }
  | { readonly kind: "deleted" }
  /** The vault does not say: no right yet, or no way to it. */
  | { readonly kind: "unknown" };

export interface MountProposal {
  readonly identityName: string;
  readonly identityGroup: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly className: string;
  readonly fileName: string;
}

export interface IdentityChoice {
  readonly id: string;
  readonly name: string;
}

export interface IdentityList {
  readonly identities: readonly (IdentityChoice & { readonly resourceGroup: string })[];
}

export interface NamespaceList {
  readonly namespaces: readonly string[];
  /** Why they are not known. */
  readonly missing: string | undefined;
}

export type MountNameKind = "namespace" | "serviceAccount" | "class" | "file" | "syncedSecret";

export interface ClassPreview {
  readonly yaml: string;
  /** Whether every id in it is known; else some stand as `${NAME}`, and are filled in when the plan is applied. */
  readonly isWhole: boolean;
}

// ── The plan and its run ──

export interface PreviewStep {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly state:
    | { readonly kind: "satisfied"; readonly now: string }
    | {
        readonly kind: "needed";
        readonly before: string;
        readonly after: string;
        readonly warnings: readonly string[];
      }
    | { readonly kind: "blocked"; readonly reason: string; readonly remedy: string | undefined };
  /** Said where it cannot be taken back. */
  readonly irreversible: string | undefined;
  readonly commands: readonly string[];
}

export interface Preview {
  readonly steps: readonly PreviewStep[];
  /** All of it as a bash script. */
  readonly script: string;
}

export interface RunStep {
  readonly id: string;
  readonly title: string;
  readonly state: "waiting" | "running" | "done" | "skipped" | "failed" | "stopped";
  readonly detail: string | undefined;
}

/** A step of a run that has ended, as taking it back would treat it. */
export interface UndoRow {
  readonly title: string;
  /** It is not taken back; `note` says why. */
  readonly isKept: boolean;
  readonly note: string | undefined;
}

export interface Run {
  readonly id: string;
  readonly kind: "apply" | "undo";
  readonly state: "running" | "stopping" | "done" | "failed" | "stopped";
  readonly steps: readonly RunStep[];
  /** Why it failed, or what goes on in Azure after a stop. */
  readonly message: string | undefined;
  readonly result: RunResult | undefined;
  /** Once it has ended: what taking back what was made comes to, in that order. Empty: there is nothing to take back. */
  readonly undo: readonly UndoRow[];
}

export interface RunResult {
  readonly objectName?: string | undefined;
  readonly objectType?: string | undefined;
  readonly vaultName?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly identityClientId?: string | undefined;
  readonly identityObjectId?: string | undefined;
  readonly driver?: DriverResult | undefined;
  /** The SecretProviderClass that is in the cluster now. */
  readonly classYaml?: string | undefined;
  readonly proof?: ProofResult | undefined;
  /** What could not be read for this page, as sentences. */
  readonly missing: readonly string[];
}

/** What a throwaway pod found in its volume. Never a value. */
export interface ProofResult {
  readonly namespace: string;
  readonly files: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly version: string | undefined;
    /** Whether that is the version the vault has now; undefined where one may not look. */
    readonly isCurrent: boolean | undefined;
    /** The start of it, to compare files by. */
    readonly hash: string;
  }[];
}

export interface DriverResult {
  readonly verdict: "healthy" | "pending" | "broken" | "notInstalled";
  readonly summary: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly verdict: "healthy" | "pending" | "broken";
    /** Why it is not healthy. */
    readonly reason: string | undefined;
  }[];
}

// ── What the person has chosen so far ──

/** Saved by the page on each change. There is no place in it for a secret's value. */
export interface WizardDraft {
  readonly cluster?: ChosenCluster | undefined;
  /** Undefined: as it is; off on a cluster without the add-on. */
  readonly rotation?: Rotation | undefined;
  readonly vault: VaultDraft;
  readonly secret: SecretDraft;
  readonly mount: MountDraft;
}

/** How pods get at the secret. An empty name: as `proposeMount` gives it. */
export interface MountDraft {
  /** `none`: the setup ends with driver and secret. */
  readonly access: "workloadIdentity" | "addonIdentity" | "nodeIdentity" | "none";
  /** Undefined: a new one. */
  readonly identity?: IdentityChoice | undefined;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly className: string;
  readonly fileName: string;
  /** Of the Kubernetes Secret the driver is to make; empty: none. */
  readonly syncedSecret: string;
  readonly isProved: boolean;
}

export type IfDeletedDraft = "recover" | "purge" | undefined;

export interface VaultDraft {
  readonly kind: "existing" | "new" | "none";
  readonly existing?: { readonly id: string; readonly name: string; readonly usesRbac: boolean } | undefined;
  readonly fresh: NewVaultDraft;
}

export interface NewVaultDraft {
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly isNewGroup: boolean;
  readonly location: string;
  readonly usesRbac: boolean;
  readonly isPurgeProtected: boolean;
  readonly ifDeleted?: IfDeletedDraft;
}

export interface SecretDraft {
  readonly kind: "set" | "none";
  readonly name: string;
  readonly contentType: string;
  /** An instant in ISO 8601, or empty. */
  readonly expiresOn: string;
  readonly tags: readonly { readonly name: string; readonly value: string }[];
  readonly ifDeleted?: IfDeletedDraft;
  /** A value was typed at some time. It is not kept, so a page that comes back has to ask again. */
  readonly hadValue: boolean;
}

// ── The wire ──

export type Names<R> = keyof R & string;
export type ParamsOf<R, K extends Names<R>> = R[K] extends (params: infer P) => unknown ? P : never;
export type ReplyOf<R, K extends Names<R>> = R[K] extends (params: never) => infer V ? V : never;

/** The extension's side: a missing or mistyped handler does not compile. */
export type Handlers<R> = {
  readonly [K in Names<R>]: (params: ParamsOf<R, K>, signal: AbortSignal) => Promise<ReplyOf<R, K>> | ReplyOf<R, K>;
};

/** `bug`: something was thrown that nobody foresaw. */
export interface WireError {
  readonly code: ServiceErrorCode | "bug";
  readonly message: string;
}

/** Ids are UUIDs: a counter restarts with the page, and an old reply would answer a new question. */
export type PageMessage =
  | { readonly kind: "request"; readonly id: string; readonly name: string; readonly params: unknown }
  | { readonly kind: "cancel"; readonly id: string };

export type HostMessage =
  | { readonly kind: "reply"; readonly id: string; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: string; readonly error: WireError }
  | { readonly kind: "event"; readonly name: string; readonly value: unknown };
