import type { App, Target } from "./command.ts";

/** Shows the wizard, at the cluster it was called on. */
export async function openSetup(app: App, { subject }: Target): Promise<void> {
  await app.openSetup({ clusterId: subject?.kind === "cluster" ? subject.cluster.id : undefined });
}
