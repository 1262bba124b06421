import { after, afterEach, before } from "mocha";

import type { Handlers, WizardRequests } from "../../../src/wizard/protocol.ts";
import { startPageServer, type PageAlone, type PageServer } from "./pageAlone.ts";
import { scenario } from "./scenario.ts";

/** Gives a suite a way to open pages; each is closed after its test. */
export function usePages(): (replaced?: Partial<Handlers<WizardRequests>>) => Promise<PageAlone> {
  let server: PageServer;
  const opened: PageAlone[] = [];

  before(async () => {
    server = await startPageServer();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((alone) => alone.close()));
  });
  after(() => server.close());

  return async (replaced = {}) => {
    const alone = await server.open(scenario(replaced));
    alone.page.setDefaultTimeout(5_000);
    opened.push(alone);
    return alone;
  };
}
