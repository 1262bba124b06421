import { parseResourceId } from "../../azure/resourceId.ts";
import type { CommandLine } from "../step.ts";

const variable = "VAULT_USES_RBAC";

/** Asks a vault, in a script, whether it uses Azure RBAC. */
export function usesRbacCommand(vaultId: string): CommandLine {
  const { name, subscriptionId } = parseResourceId(vaultId);
  return {
    tool: "az",
    words: [
      ...["keyvault", "show", "--name", name, "--subscription", subscriptionId],
      ...["--query", "properties.enableRbacAuthorization", "--output", "tsv"],
    ],
    captures: variable,
  };
}

/** For lines that follow {@link usesRbacCommand}. */
export const ifRbac = { variable, is: "true" } as const;

/** For lines that follow {@link usesRbacCommand}: a vault older than the property uses access policies. */
export const ifPolicies = { variable, is: "true", isNegated: true } as const;
