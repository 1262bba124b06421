import type { App } from "./command.ts";

/** Signs in, asking the person. The change of account makes everything be read anew. */
export async function signIn(app: App): Promise<void> {
  await app.signIn();
}
