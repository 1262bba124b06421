/** `npm run bench` on a fresh clone. */
import { ensureCodeServer, ensureDependencies } from "./setup.mjs";
import { runTrusting } from "./trust.mjs";

await ensureDependencies();
await ensureCodeServer();
process.exitCode = await runTrusting("test/bench/bench.ts", process.argv.slice(2));
