/** Where vaults are: ids, regions and the api-versions of `Microsoft.KeyVault`. */
export const keyVaultApiVersions = [
  "2015-06-01",
  "2016-10-01",
  "2018-02-14",
  "2018-02-14-preview",
  "2019-09-01",
  "2021-10-01",
  "2021-11-01-preview",
  "2022-07-01",
  "2022-11-01",
  "2023-02-01",
  "2023-07-01",
  "2024-04-01-preview",
  "2024-11-01",
  "2024-12-01-preview",
  "2025-05-01",
  "2026-02-01",
];

export const locations = [
  ...["northcentralus", "eastus", "eastus2", "centralus", "southcentralus", "westcentralus", "westus", "westus2"],
  ...["westus3", "canadacentral", "canadaeast", "mexicocentral", "brazilsouth", "northeurope", "westeurope", "uksouth"],
  ...["ukwest", "francecentral", "germanywestcentral", "switzerlandnorth", "norwayeast", "swedencentral", "italynorth"],
  ...["polandcentral", "spaincentral", "israelcentral", "uaenorth", "qatarcentral", "southafricanorth", "centralindia"],
  ...["southindia", "westindia", "eastasia", "southeastasia", "japaneast", "japanwest", "koreacentral", "koreasouth"],
  ...["australiaeast", "australiasoutheast", "australiacentral", "newzealandnorth", "indonesiacentral"],
];

export function vaultId(params: Readonly<Record<string, string>>): string {
  const { subscriptionId = "", resourceGroup = "", name = "" } = params;
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/${name}`;
}
