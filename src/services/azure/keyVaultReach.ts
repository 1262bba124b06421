import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { hasCode } from "../errors.ts";
import type { AzureClients } from "./clients.ts";
import { closedSentence, readRefusal } from "./keyVaultErrors.ts";
import type { KeyVault, VaultReach } from "./keyVaults.ts";
import { dataPlaneVersion } from "./vaultObjectRequests.ts";

const Refused = z.object({
  error: z.object({ message: z.nullish(z.string()), innererror: z.nullish(z.object({ code: z.nullish(z.string()) })) }),
});

/**
 * Asks a vault whether it lets this machine in. The question carries a token, because a vault looks at its firewall only after it knows the caller; it needs no
 * right, because a caller who is refused for want of a role has passed the firewall.
 */
export async function checkReach(
  clients: AzureClients,
  vault: Pick<KeyVault, "vaultUri" | "tenantId">,
  options?: CallOptions,
): Promise<VaultReach> {
  const target = new URL(vault.vaultUri).host;
  try {
    const answer = await clients.send(
      {
        method: "GET",
        base: vault.vaultUri,
        path: "/secrets?maxresults=1",
        audience: "keyVault",
        tenantId: vault.tenantId,
        apiVersion: dataPlaneVersion,
        accept: [403],
        target,
      },
      options,
    );
    const networkInfo = answer.headers.get("x-ms-keyvault-network-info");
    return answer.status === 403 ? judge(answer.body, target, networkInfo) : { kind: "open" };
  } catch (error) {
    if (hasCode(error, "unreachable", "timedOut")) {
      return { kind: "closed", message: error.message, clientAddress: undefined };
    }
    throw error;
  }
}

function judge(body: unknown, target: string, networkInfo: string | undefined): VaultReach {
  const { code, message } = readReason(body);
  const refusal = readRefusal(code, message);
  if (refusal?.kind !== "firewall" && refusal?.kind !== "privateOnly") {
    return { kind: "open" };
  }
  const named = refusal.kind === "firewall" ? refusal.clientAddress : undefined;
  const seen = /\baddr=([0-9a-fA-F.:]+)/.exec(networkInfo ?? "")?.[1];
  return { kind: "closed", message: closedSentence(refusal, target), clientAddress: named ?? seen };
}

function readReason(body: unknown): { code: string | undefined; message: string } {
  const read = Refused.safeParse(body);
  return read.success
    ? { code: read.data.error.innererror?.code ?? undefined, message: read.data.error.message ?? "" }
    : { code: undefined, message: "" };
}
