/** `npm run sandbox` on a fresh clone: the sandbox cloud alone. */
import { ensureDependencies, run } from "./setup.mjs";

await ensureDependencies();
// Ctrl+C reaches the sandbox too, which then ends by itself.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.exitCode = await run(process.execPath, ["--import", "tsx", "test/sandbox/start.ts", ...process.argv.slice(2)]);
