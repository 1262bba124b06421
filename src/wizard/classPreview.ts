import type { CallOptions } from "../services/call.ts";
import { findModel, secretProviderClassStep, type ClassTarget } from "../services/plan/steps/secretProviderClass.ts";
import { writeSecretProviderClass } from "../services/secretProviderClass/write.ts";
import type { Services } from "../services/services.ts";
import { vaultIdOf, type WholeDraft } from "./draftSchema.ts";
import { intendedMount } from "./mount.ts";
import type { ClassPreview } from "./protocol.ts";

/** The class a draft would have written now. Ids of what does not exist yet stand as `${NAME}`, as in the script. */
export async function classPreview(services: Services, draft: WholeDraft, options: CallOptions): Promise<ClassPreview> {
  const mount = intendedMount(draft, "");
  const target: ClassTarget = {
    ...mount,
    ...{ clusterId: draft.cluster.id, vaultId: vaultIdOf(draft), name: mount.className, isNew: false },
  };
  const model = await findModel(services, target, options);
  if (model) {
    return { yaml: writeSecretProviderClass(model), isWhole: true };
  }
  const commands = secretProviderClassStep(services, target).commands();
  return { yaml: commands.find(({ stdin }) => stdin !== undefined)?.stdin ?? "", isWhole: false };
}
