import type { App, Target } from "./command.ts";

/** Reads a row and what is below it again; the whole tree without one. */
export async function refresh(app: App, { node }: Target): Promise<void> {
  await app.tree.refresh(node);
}
