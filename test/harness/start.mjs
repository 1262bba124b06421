/** `npm start`: sets up, builds, starts the sandbox cloud and a real VS Code on it, and prints the address. Ctrl+C ends everything. */
import { ensureCodeServer, ensureDependencies, runUntilStopped, say } from "./setup.mjs";

const desktop = process.argv.includes("--desktop");
say("Preparing …");
await ensureDependencies();
if (!desktop) {
  await ensureCodeServer();
}
process.exitCode = await runUntilStopped(process.execPath, [
  "--import",
  "tsx",
  "test/harness/start.ts",
  ...process.argv.slice(2),
]);
