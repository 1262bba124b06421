import type { AccessPolicy } from "./keyVaults.ts";
import { allows } from "./roleAssignmentRules.ts";
import { keyVaultRoles, type BuiltInRole, type RoleAssignment } from "./roleAssignments.ts";

/** One entry of the access policies, and what becomes of it when the vault takes Azure RBAC. */
export interface PolicyOutcome {
  readonly objectId: string;
  /** Set on an entry for an application that acts for a person; Azure RBAC has no such thing. */
  readonly applicationId: string | undefined;
  /** What the entry allows: `secrets get`, `keys list` … */
  readonly allowed: readonly string[];
  /** What the principal would lose at once if no role were given. */
  readonly lostWithoutRoles: readonly string[];
  /** The fewest built-in roles of least rights that keep all that can be kept, without those held already. */
  readonly rolesToGive: readonly BuiltInRole[];
  /** What no built-in role gives back: nothing, unless the entry acts for a person. */
  readonly lostForGood: readonly string[];
  /** What the new roles open beyond what the entry allows: `secrets set` … */
  readonly gained: readonly string[];
}

type Kind = keyof AccessPolicy["permissions"];

/** Permission of an access policy → data action of Azure RBAC, below `Microsoft.KeyVault/vaults/`. @see https://learn.microsoft.com/azure/key-vault/general/rbac-migration */
const dataActions: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  secrets: {
    get: "secrets/getSecret/action",
    list: "secrets/readMetadata/action",
    set: "secrets/setSecret/action",
    delete: "secrets/delete",
    recover: "secrets/recover/action",
    backup: "secrets/backup/action",
    restore: "secrets/restore/action",
    purge: "secrets/purge/action",
  },
  keys: {
    get: "keys/read",
    list: "keys/read",
    encrypt: "keys/encrypt/action",
    decrypt: "keys/decrypt/action",
    wrapKey: "keys/wrap/action",
    unwrapKey: "keys/unwrap/action",
    sign: "keys/sign/action",
    verify: "keys/verify/action",
    update: "keys/update/action",
    create: "keys/create/action",
    import: "keys/import/action",
    delete: "keys/delete",
    recover: "keys/recover/action",
    backup: "keys/backup/action",
    restore: "keys/restore/action",
    purge: "keys/purge/action",
    release: "keys/release/action",
    rotate: "keys/rotate/action",
    getrotationpolicy: "keyrotationpolicies/read",
    setrotationpolicy: "keyrotationpolicies/write",
  },
  certificates: {
    get: "certificates/read",
    list: "certificates/read",
    update: "certificates/update/action",
    create: "certificates/create/action",
    import: "certificates/import/action",
    delete: "certificates/delete",
    recover: "certificates/recover/action",
    backup: "certificates/backup/action",
    restore: "certificates/restore/action",
    purge: "certificates/purge/action",
    managecontacts: "certificatecontacts/write",
    getissuers: "certificatecas/read",
    listissuers: "certificatecas/read",
    setissuers: "certificatecas/write",
    manageissuers: "certificatecas/write",
    deleteissuers: "certificatecas/delete",
  },
};

/** What each role opens, least first. @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security */
const roleActions: readonly { readonly role: BuiltInRole; readonly actions: readonly string[] }[] = [
  { role: keyVaultRoles.secretsUser, actions: ["secrets/getSecret/action", "secrets/readMetadata/action"] },
  { role: keyVaultRoles.reader, actions: ["*/read", "secrets/readMetadata/action"] },
  {
    role: keyVaultRoles.cryptoUser,
    actions: ["read", "update/action", "backup/action", "encrypt/action", "decrypt/action", "wrap/action"]
      .concat("unwrap/action", "sign/action", "verify/action")
      .map((verb) => `keys/${verb}`),
  },
  { role: keyVaultRoles.secretsOfficer, actions: ["secrets/*"] },
  {
    role: keyVaultRoles.certificatesOfficer,
    actions: ["certificatecas/*", "certificates/*", "certificatecontacts/write"],
  },
  { role: keyVaultRoles.cryptoOfficer, actions: ["keys/*", "keyrotationpolicies/*"] },
];

const certificateUserActions = [
  "certificates/read",
  "secrets/getSecret/action",
  "secrets/readMetadata/action",
  "keys/read",
];

/**
 * Says, before a vault is switched from access policies to Azure RBAC, what each entry would lose and which roles at the vault keep it. Changes nothing.
 * @param held by object id in lower case: the assignments that count at the vault, inherited ones included
 */
export function simulateRbac(
  policies: readonly AccessPolicy[],
  held: ReadonlyMap<string, readonly Pick<RoleAssignment, "roleId">[]>,
): readonly PolicyOutcome[] {
  return policies.map((policy) => outcomeOf(policy, held.get(policy.objectId.toLowerCase()) ?? []));
}

function outcomeOf(policy: AccessPolicy, assignments: readonly Pick<RoleAssignment, "roleId">[]): PolicyOutcome {
  const wanted = permissionsOf(policy);
  const allowed = [...wanted.keys()];
  const { objectId, applicationId } = policy;
  if (applicationId !== undefined) {
    const none = { rolesToGive: [], gained: [] };
    return { objectId, applicationId, allowed, lostWithoutRoles: allowed, lostForGood: allowed, ...none };
  }
  const heldActions = assignments.flatMap(({ roleId }) => actionsOf(roleId));
  const missing = new Map([...wanted].filter(([, action]) => !opens(heldActions, action)));
  const rolesToGive = leastRoles([...missing.values()]);
  const newActions = rolesToGive.flatMap(({ id }) => actionsOf(id));
  return {
    objectId,
    applicationId,
    allowed,
    lostWithoutRoles: [...missing.keys()],
    rolesToGive,
    lostForGood: [...missing].filter(([, action]) => !opens(newActions, action)).map(([permission]) => permission),
    gained: gainedBy(newActions, new Set(wanted.values()), heldActions),
  };
}

/** `secrets get` → its data action; `all` stands for every permission of its kind. Unknown words are left out. */
function permissionsOf({ permissions }: AccessPolicy): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const kind of ["secrets", "keys", "certificates"] as const) {
    const given = permissions[kind].map((name) => name.toLowerCase());
    for (const [name, action] of Object.entries(dataActions[kind])) {
      if (given.includes("all") || given.includes(name.toLowerCase())) {
        found.set(`${kind} ${name}`, action);
      }
    }
  }
  return found;
}

function leastRoles(actions: readonly string[]): readonly BuiltInRole[] {
  const chosen = new Map<string, BuiltInRole>();
  const collections = new Set(actions.map(collectionOf));
  for (const collection of collections) {
    const needed = actions.filter((action) => collectionOf(action) === collection);
    const least = roleActions.find((candidate) => needed.every((action) => opens(candidate.actions, action)));
    if (least) {
      chosen.set(least.role.id, least.role);
    }
  }
  return [...chosen.values()];
}

/** Rotation policies belong to keys, issuers and contacts to certificates: one role carries them together. */
function collectionOf(action: string): "secrets" | "keys" | "certificates" {
  return action.startsWith("secrets") ? "secrets" : action.startsWith("key") ? "keys" : "certificates";
}

function actionsOf(roleId: string): readonly string[] {
  switch (roleId.toLowerCase()) {
    case keyVaultRoles.administrator.id:
      return ["*"];
    case keyVaultRoles.certificateUser.id:
      return certificateUserActions;
    default:
      return roleActions.find(({ role }) => role.id === roleId.toLowerCase())?.actions ?? [];
  }
}

function opens(actions: readonly string[], action: string): boolean {
  return allows([{ actions, notActions: [] }], action);
}

function gainedBy(actions: readonly string[], wanted: ReadonlySet<string>, held: readonly string[]): readonly string[] {
  return Object.entries(dataActions).flatMap(([kind, verbs]) =>
    Object.entries(verbs)
      .filter(([, action]) => opens(actions, action) && !wanted.has(action) && !opens(held, action))
      .map(([name]) => `${kind} ${name}`),
  );
}
