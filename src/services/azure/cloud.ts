/** The endpoints of one Azure cloud. The sandbox is a cloud like any other. */
export interface Cloud {
  readonly name: "AzureCloud" | "AzureUSGovernment" | "AzureChinaCloud" | "custom";
  /** Azure Resource Manager, without a trailing slash: `https://management.azure.com`. */
  readonly resourceManager: string;
  /** The audience of a Resource Manager token; `/.default` is appended for the scope. */
  readonly resourceManagerAudience: string;
  /** Microsoft Entra authority host, without a trailing slash: `https://login.microsoftonline.com`. */
  readonly authority: string;
  /** The audience of a Key Vault token, without a trailing slash: `https://vault.azure.net`. */
  readonly keyVaultAudience: string;
  /** `vault.azure.net`. Only to show; a vault is reached by the `vaultUri` that ARM gives. */
  readonly keyVaultSuffix: string;
  /** Where "Open in Portal" goes, without a trailing slash; undefined where the cloud has none. */
  readonly portal: string | undefined;
  /** The `cloudName` a SecretProviderClass must carry; undefined where the provider's own default is right. */
  readonly secretProviderClassCloudName: "AzureUSGovernmentCloud" | "AzureChinaCloud" | undefined;
}

const publicCloud: Cloud = {
  name: "AzureCloud",
  resourceManager: "https://management.azure.com",
  resourceManagerAudience: "https://management.azure.com",
  authority: "https://login.microsoftonline.com",
  keyVaultAudience: "https://vault.azure.net",
  keyVaultSuffix: "vault.azure.net",
  portal: "https://portal.azure.com",
  secretProviderClassCloudName: undefined,
};

const usGovernment: Cloud = {
  name: "AzureUSGovernment",
  resourceManager: "https://management.usgovcloudapi.net",
  resourceManagerAudience: "https://management.usgovcloudapi.net",
  authority: "https://login.microsoftonline.us",
  keyVaultAudience: "https://vault.usgovcloudapi.net",
  keyVaultSuffix: "vault.usgovcloudapi.net",
  portal: "https://portal.azure.us",
  secretProviderClassCloudName: "AzureUSGovernmentCloud",
};

const china: Cloud = {
  name: "AzureChinaCloud",
  resourceManager: "https://management.chinacloudapi.cn",
  resourceManagerAudience: "https://management.chinacloudapi.cn",
  authority: "https://login.chinacloudapi.cn",
  keyVaultAudience: "https://vault.azure.cn",
  keyVaultSuffix: "vault.azure.cn",
  portal: "https://portal.azure.cn",
  secretProviderClassCloudName: "AzureChinaCloud",
};

/**
 * The clouds Microsoft runs, by the names `az cloud list` gives them.
 * @see https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-object-identifiers
 */
export const clouds = { AzureCloud: publicCloud, AzureUSGovernment: usGovernment, AzureChinaCloud: china } as const;

/**
 * The application id of the AKS Microsoft Entra server, the audience of a token for an Entra-integrated cluster. The same in every cloud.
 * @see https://learn.microsoft.com/azure/aks/kubelogin-authentication
 */
export const aksServerApplicationId = "6dae42f8-4368-4678-94ff-3960e28e3630";
