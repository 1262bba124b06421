/**
 * The version every managed cluster is read and written with. A PUT resets what its version does not know, so it is the newest that is generally available.
 * @see https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update
 */
export const managedClustersApiVersion = "2026-06-01";

/** Resource groups, resources and provider registration. @see https://learn.microsoft.com/rest/api/resources */
export const resourcesApiVersion = "2021-04-01";

/** Node scale sets. @see https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets */
export const scaleSetsApiVersion = "2024-07-01";
