/** `npm run sandbox` on a fresh clone: the sandbox cloud alone. */
import { ensureDependencies, runUntilStopped } from "./setup.mjs";

await ensureDependencies();
process.exitCode = await runUntilStopped(process.execPath, [
  "--import",
  "tsx",
  "test/sandbox/start.ts",
  ...process.argv.slice(2),
]);
