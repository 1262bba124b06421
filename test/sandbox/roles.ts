/** Azure's built-in roles, as Microsoft publishes them: the ones a person with clusters and vaults meets. */
import { kubernetesRoles } from "./rolesKubernetes.ts";

export interface RoleDefinition {
  readonly guid: string;
  readonly roleName: string;
  readonly description: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
  /** The roles that its condition lets a holder assign and unassign. */
  readonly assignableRoles?: readonly string[];
}

const onlyRbac = "Only works for key vaults that use the 'Azure role-based access control' permission model.";

const readAndSupport = [
  "Microsoft.Authorization/*/read",
  "Microsoft.Insights/alertRules/*",
  "Microsoft.Resources/deployments/*",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.Support/*",
];

const vaultOfficer = [
  ...readAndSupport,
  "Microsoft.KeyVault/checkNameAvailability/read",
  "Microsoft.KeyVault/deletedVaults/read",
  "Microsoft.KeyVault/locations/*/read",
  "Microsoft.KeyVault/vaults/*/read",
  "Microsoft.KeyVault/operations/read",
];

type Permissions = Partial<Omit<RoleDefinition, "guid" | "roleName" | "description">>;

const role = (roleName: string, guid: string, description: string, permissions: Permissions): RoleDefinition => ({
  guid,
  roleName,
  description,
  actions: [],
  notActions: [],
  dataActions: [],
  notDataActions: [],
  ...permissions,
});

const generalRoles = [
  role(
    "Owner",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
    { actions: ["*"] },
  ),
  role(
    "Contributor",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.",
    {
      actions: ["*"],
      notActions: [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Blueprint/blueprintAssignments/write",
        "Microsoft.Blueprint/blueprintAssignments/delete",
        "Microsoft.Compute/galleries/share/action",
        "Microsoft.Purview/consents/write",
        "Microsoft.Purview/consents/delete",
        "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
        "Microsoft.Subscription/cancel/action",
        "Microsoft.Subscription/enable/action",
      ],
    },
  ),
  role(
    "Reader",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "View all resources, but does not allow you to make any changes.",
    { actions: ["*/read"] },
  ),
  role(
    "User Access Administrator",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Lets you manage user access to Azure resources.",
    { actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"] },
  ),
  role(
    "Role Based Access Control Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to manage access using other ways, such as Azure Policy.",
    {
      actions: [
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
        "Microsoft.Support/*",
      ],
    },
  ),
];

const vaultRoles = [
  role(
    "Key Vault Administrator",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    `Perform all data plane operations on a key vault and all objects in it, including certificates, keys, and secrets. Cannot manage key vault resources or manage role assignments. ${onlyRbac}`,
    { actions: vaultOfficer, dataActions: ["Microsoft.KeyVault/vaults/*"] },
  ),
  role(
    "Key Vault Reader",
    "21090545-7ca7-4776-b22c-e363652d74d2",
    `Read metadata of key vaults and its certificates, keys, and secrets. Cannot read sensitive values such as secret contents or key material. ${onlyRbac}`,
    {
      actions: vaultOfficer,
      dataActions: ["Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"],
    },
  ),
  role(
    "Key Vault Secrets Officer",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    `Perform any action on the secrets of a key vault, except manage permissions. ${onlyRbac}`,
    { actions: vaultOfficer, dataActions: ["Microsoft.KeyVault/vaults/secrets/*"] },
  ),
  role("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6", `Read secret contents. ${onlyRbac}`, {
    dataActions: [
      "Microsoft.KeyVault/vaults/secrets/getSecret/action",
      "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    ],
  }),
  role(
    "Key Vault Certificates Officer",
    "a4417e6f-fecd-4de8-b567-7b0420556985",
    `Perform any action on the certificates of a key vault, except manage permissions. ${onlyRbac}`,
    {
      actions: vaultOfficer,
      dataActions: [
        "Microsoft.KeyVault/vaults/certificatecas/*",
        "Microsoft.KeyVault/vaults/certificates/*",
        "Microsoft.KeyVault/vaults/certificatecontacts/write",
      ],
    },
  ),
  role("Key Vault Certificate User", "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba", `Read certificate contents. ${onlyRbac}`, {
    dataActions: [
      "Microsoft.KeyVault/vaults/certificates/read",
      "Microsoft.KeyVault/vaults/secrets/getSecret/action",
      "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
      "Microsoft.KeyVault/vaults/keys/read",
    ],
  }),
  role(
    "Key Vault Crypto Officer",
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
    `Perform any action on the keys of a key vault, except manage permissions. ${onlyRbac}`,
    {
      actions: vaultOfficer,
      dataActions: ["Microsoft.KeyVault/vaults/keys/*", "Microsoft.KeyVault/vaults/keyrotationpolicies/*"],
    },
  ),
  role(
    "Key Vault Crypto User",
    "12338af0-0e69-4776-bea7-57ae8d297424",
    `Perform cryptographic operations using keys. ${onlyRbac}`,
    {
      dataActions: [
        "read",
        ...["update", "backup", "encrypt", "decrypt", "wrap", "unwrap", "sign", "verify"].map(
          (verb) => `${verb}/action`,
        ),
      ].map((action) => `Microsoft.KeyVault/vaults/keys/${action}`),
    },
  ),
  role(
    "Key Vault Crypto Service Encryption User",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6",
    `Read metadata of keys and perform wrap/unwrap operations. ${onlyRbac}`,
    {
      actions: [
        "Microsoft.EventGrid/eventSubscriptions/write",
        "Microsoft.EventGrid/eventSubscriptions/read",
        "Microsoft.EventGrid/eventSubscriptions/delete",
      ],
      dataActions: [
        "Microsoft.KeyVault/vaults/keys/read",
        "Microsoft.KeyVault/vaults/keys/wrap/action",
        "Microsoft.KeyVault/vaults/keys/unwrap/action",
      ],
    },
  ),
  role("Key Vault Crypto Service Release User", "08bbd89e-9f13-488c-ac41-acfcb10c90ab", `Release keys. ${onlyRbac}`, {
    dataActions: ["Microsoft.KeyVault/vaults/keys/release/action"],
  }),
  role(
    "Key Vault Contributor",
    "f25e0fa2-a7c8-4377-a976-54943a77a395",
    "Lets you manage key vaults, but not access to them.",
    {
      actions: [...readAndSupport, "Microsoft.KeyVault/*"],
      notActions: [
        "Microsoft.KeyVault/locations/deletedVaults/purge/action",
        "Microsoft.KeyVault/hsmPools/*",
        "Microsoft.KeyVault/managedHsms/*",
      ],
    },
  ),
  role(
    "Key Vault Data Access Administrator",
    "8b54135c-b56d-4d72-a534-26097cfdc8d8",
    "Manage access to Azure Key Vault by adding or removing role assignments for the Key Vault Administrator, Key Vault Certificates Officer, Key Vault Crypto Officer, Key Vault Crypto Service Encryption User, Key Vault Crypto User, Key Vault Reader, Key Vault Secrets Officer, or Key Vault Secrets User roles. Includes an ABAC condition to constrain role assignments.",
    {
      actions: [
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "Microsoft.Authorization/*/read",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Resources/subscriptions/read",
        "Microsoft.Management/managementGroups/read",
        "Microsoft.Support/*",
        "Microsoft.KeyVault/vaults/*/read",
      ],
      assignableRoles: [
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "a4417e6f-fecd-4de8-b567-7b0420556985",
        "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",
        "12338af0-0e69-4776-bea7-57ae8d297424",
        "21090545-7ca7-4776-b22c-e363652d74d2",
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        "4633458b-17de-408a-b874-0445c86b69e6",
      ],
    },
  ),
  role(
    "Key Vault Purge Operator",
    "a68e7c17-0ab2-4c09-9a58-125dae29748c",
    "Allows permanent deletion of soft-deleted vaults.",
    {
      actions: [
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/*",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.KeyVault/deletedVaults/read",
        "Microsoft.KeyVault/locations/deletedVaults/read",
        "Microsoft.KeyVault/locations/deletedVaults/purge/action",
        "Microsoft.KeyVault/locations/operationResults/read",
      ],
    },
  ),
];

const identityRoles = [
  role(
    "Managed Identity Contributor",
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
    "Create, Read, Update, and Delete User Assigned Identity",
    {
      actions: [
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
        "Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action",
        ...readAndSupport,
      ],
    },
  ),
  role("Managed Identity Operator", "f1a07417-d97a-45cb-824c-7a7467783830", "Read and Assign User Assigned Identity", {
    actions: [
      "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
      "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
      ...readAndSupport,
    ],
  }),
  role(
    "Network Contributor",
    "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Lets you manage networks, but not access to them.",
    {
      actions: [...readAndSupport, "Microsoft.Network/*", "Microsoft.ResourceHealth/availabilityStatuses/read"],
    },
  ),
];

export const builtInRoles: readonly RoleDefinition[] = [
  ...generalRoles,
  ...vaultRoles,
  ...identityRoles,
  ...kubernetesRoles.map(({ roleName, guid, description, ...permissions }) =>
    role(roleName, guid, description, permissions),
  ),
];

const byGuid = new Map(builtInRoles.map((definition) => [definition.guid, definition]));
const byName = new Map(builtInRoles.map((definition) => [definition.roleName, definition]));

/** @param id a GUID or an ARM id that ends in one */
export function findRole(id: string): RoleDefinition | undefined {
  return byGuid.get(id.slice(id.lastIndexOf("/") + 1).toLowerCase());
}

/** For seeds and tests. */
export function roleNamed(roleName: string): RoleDefinition {
  const found = byName.get(roleName);
  if (!found) {
    throw new Error(`The sandbox knows no built-in role "${roleName}".`);
  }
  return found;
}
