/** Every Resource Manager operation that the sandbox knows. */
import { clusterAccessRoutes } from "./armClusterAccess.ts";
import { clusterRoutes } from "./armClusters.ts";
import { identityRoutes } from "./armIdentities.ts";
import { resourceGroupRoutes } from "./armResourceGroups.ts";
import { roleRoutes } from "./armRoleAssignments.ts";
import type { ArmRoute } from "./armRoute.ts";
import { scaleSetRoutes } from "./armScaleSets.ts";
import { subscriptionRoutes } from "./armSubscriptions.ts";
import { vaultRoutes } from "./armVaults.ts";
import { resourceGraphRoutes } from "./resourceGraph.ts";

export const armRoutes: readonly ArmRoute[] = [
  ...subscriptionRoutes,
  ...resourceGroupRoutes,
  ...clusterRoutes,
  ...clusterAccessRoutes,
  ...scaleSetRoutes,
  ...resourceGraphRoutes,
  ...vaultRoutes,
  ...identityRoutes,
  ...roleRoutes,
];
