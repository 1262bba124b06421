/** `npm run test:electron` on a fresh clone: set-up first, then the part that needs the dependencies, trusting the sandbox's authority. */
import { ensureDependencies } from "./setup.mjs";
import { runTrusting } from "./trust.mjs";

await ensureDependencies();
process.exitCode = await runTrusting("test/harness/electron.ts", process.argv.slice(2));
