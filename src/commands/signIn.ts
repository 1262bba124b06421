import type { App } from "./command.ts";

/** Signs in, asking the person, and reads everything anew. */
export async function signIn(app: App): Promise<void> {
  await app.signIn();
  await app.tree.refresh();
}
