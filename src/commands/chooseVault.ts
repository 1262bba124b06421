import { alone, only } from "../host/ask.ts";
import { pickVault } from "../host/pick.ts";
import type { VaultSummary } from "../services/azure/inventory.ts";
import type { App, Target } from "./command.ts";

/** The vault a command is called on, or the one the person picks. */
export async function chooseVault(
  app: App,
  { subject }: Target,
  question: { readonly title: string; readonly placeholder: string },
): Promise<VaultSummary> {
  if (subject?.kind === "vault" || subject?.kind === "secret") {
    return subject.vault;
  }
  return only(await pickVault(app.estate, { place: alone(question.title), placeholder: question.placeholder }));
}
