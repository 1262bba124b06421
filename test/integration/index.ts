/** The suite's entry inside the extension host: code-server's and, by @vscode/test-electron, a desktop VS Code's. */
import { format } from "node:util";

import Mocha from "mocha";

export async function run(): Promise<void> {
  // The workbench logs through the same channel: what is ours is marked.
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => console.log(`TEST|${format(...args)}`);
  const mocha = new Mocha({ ui: "bdd", timeout: 60_000, reporter: "spec", color: false });
  // What `describe` and `it` of the package refer to is set by this event, which mocha sends itself only for files it loads.
  mocha.suite.emit("pre-require", globalThis, "", mocha);
  await import("./activation.test.ts");
  await import("./commands.test.ts");
  await import("./tree.test.ts");
  await new Promise<void>((resolve, reject) => {
    const runner = mocha.run((failures) => {
      const { passes, pending } = runner.stats ?? { passes: 0, pending: 0 };
      console.log(`TEST|COUNTS ${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}`);
      if (failures > 0) {
        reject(new Error(`${failures} integration tests failed.`));
      } else {
        resolve();
      }
    });
  });
}
