/** Every Resource Manager operation that the sandbox knows. */
import { identityRoutes } from "./armIdentities.ts";
import { roleRoutes } from "./armRoleAssignments.ts";
import type { ArmRoute } from "./armRoute.ts";
import { subscriptionRoutes } from "./armSubscriptions.ts";
import { vaultRoutes } from "./armVaults.ts";

export const armRoutes: readonly ArmRoute[] = [...subscriptionRoutes, ...vaultRoutes, ...identityRoutes, ...roleRoutes];
