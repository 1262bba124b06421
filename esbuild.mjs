// Builds dist/: a tiny entry, the services behind one lazy door, the heavy npm packages behind their own, and the wizard page.
//   node esbuild.mjs [--production] [--watch]
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { getL10nJson } from "@vscode/l10n-dev";
import { context } from "esbuild";

const isProduction = process.argv.includes("--production");
const isWatch = process.argv.includes("--watch");
const root = import.meta.dirname;

/** What a dynamic import of these opens is a bundle of its own, loaded when it is first asked for. */
const doors = new Map([
  [path.join(root, "src/app.ts"), "services"],
  // What these export is listed at the builds below.
  ["@kubernetes/client-node", "kubernetes"],
  ["@azure/identity", "identity"],
]);

/** Turns `import("./app.ts")` into `require("./services.js")`, so that the entry does not carry what it may never need. */
const lazyDoors = {
  name: "lazy-doors",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path: specifier, kind, resolveDir }) => {
      if (kind !== "dynamic-import") {
        return undefined;
      }
      const target = specifier.startsWith(".") ? path.resolve(resolveDir, specifier) : specifier;
      const bundle = doors.get(target);
      return bundle === undefined ? undefined : { path: `./${bundle}.js`, external: true };
    });
  },
};

/** The lines a background task of the editor waits for. */
const watchMarks = {
  name: "watch-marks",
  setup(build) {
    if (isWatch) {
      build.onStart(() => console.log("[watch] build started"));
      build.onEnd(() => console.log("[watch] build finished"));
    }
  },
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: isProduction,
  sourcemap: isProduction ? false : "linked",
  metafile: true,
  legalComments: "none",
  logLevel: "warning",
  define: { "process.env.NODE_ENV": JSON.stringify(isProduction ? "production" : "development") },
};

const node = (name, entry) => ({
  ...shared,
  ...entry,
  entryNames: name,
  outdir: "dist",
  platform: "node",
  format: "cjs",
  target: "node20",
  // keytar is a native module, which a package for every platform cannot carry.
  external: ["vscode", "keytar"],
  plugins: [lazyDoors, watchMarks],
  // jsonc-parser and other UMD packages break when esbuild takes their `main`.
  mainFields: ["module", "main"],
  // `import()` of our own bundles becomes `require`, which the extension host intercepts for "vscode".
  supported: { "dynamic-import": false },
});

/** Only what we use of a package, so that the rest is left out. */
const reexport = (names, from) => ({
  stdin: { contents: `export { ${names} } from "${from}";`, resolveDir: root },
});

const page = {
  ...shared,
  entryPoints: ["src/wizard/page/main.ts", "src/wizard/page/page.css"]
    .filter((file) => existsSync(path.join(root, file)))
    .map((file) => ({ in: file, out: "wizard" })),
  outdir: "dist",
  platform: "browser",
  format: "iife",
  target: ["chrome128"],
  tsconfig: existsSync(path.join(root, "src/wizard/page/tsconfig.json"))
    ? "src/wizard/page/tsconfig.json"
    : "tsconfig.json",
};

const builds = [
  node("extension", { entryPoints: ["src/extension.ts"] }),
  node("services", { entryPoints: ["src/app.ts"] }),
  node("kubernetes", reexport("KubeConfig", "@kubernetes/client-node")),
  node("identity", reexport("ClientSecretCredential, AzureCliCredential", "@azure/identity")),
  ...(page.entryPoints.length > 0 ? [page] : []),
];

function printSizes(results) {
  const outputs = results.flatMap(({ metafile }) => Object.entries(metafile.outputs));
  for (const [file, { bytes }] of outputs.filter(([file]) => !file.endsWith(".map"))) {
    console.log(`${file.padEnd(24)} ${(bytes / 1024).toFixed(1).padStart(8)} KB`);
  }
}

/** Collects every text a user sees, for translators: `vscode.l10n.t` where VS Code is known, `t` of the service layer elsewhere. */
async function writeTexts() {
  const files = (await readdir(path.join(root, "src"), { recursive: true })).filter((file) => file.endsWith(".ts"));
  const sources = await Promise.all(files.map((file) => readFile(path.join(root, "src", file), "utf8")));
  const texts = await getL10nJson(sources.map((text) => ({ extension: ".ts", contents: asCollectorReads(text) })));
  await mkdir(path.join(root, "dist/l10n"), { recursive: true });
  await writeFile(path.join(root, "dist/l10n/bundle.l10n.json"), JSON.stringify(texts));
  console.log(`${Object.keys(texts).length} texts for translators`);
}

/** The collector knows a translator only as `l10n.t` of a package. */
function asCollectorReads(text) {
  const ours = /import \{[^}]*\bt\b[^}]*\} from "[./]+(services\/)?l10n\.ts";/;
  return ours.test(text)
    ? text.replace(ours, 'import * as l10n from "@vscode/l10n";').replaceAll(/(?<![\w.$])t\(/g, "l10n.t(")
    : text;
}

async function writeMetafile(results) {
  const inputs = Object.assign({}, ...results.map(({ metafile }) => metafile.inputs));
  const outputs = Object.assign({}, ...results.map(({ metafile }) => metafile.outputs));
  await mkdir(path.join(root, ".vscode-test"), { recursive: true });
  await writeFile(path.join(root, ".vscode-test/metafile.json"), JSON.stringify({ inputs, outputs }));
}

await rm(path.join(root, "dist"), { recursive: true, force: true });
const contexts = await Promise.all(builds.map((options) => context(options)));
if (isWatch) {
  await Promise.all(contexts.map((one) => one.watch()));
} else {
  const results = await Promise.all(contexts.map((one) => one.rebuild()));
  await Promise.all(contexts.map((one) => one.dispose()));
  printSizes(results);
  await writeMetafile(results);
  await writeTexts();
}
