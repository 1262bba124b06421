import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, it } from "mocha";

import {
  authenticationMethods,
  commandIds,
  contextKeys,
  extensionId,
  nodeKinds,
  nodeTraits,
  settingIds,
  treeStates,
  viewIds,
} from "../../src/manifest.ts";

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
}

interface PackageJson {
  readonly name: string;
  readonly publisher: string;
  readonly main: string;
  readonly icon: string;
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly icon?: string;
      readonly enablement?: string;
    }[];
    readonly menus: Readonly<Record<string, readonly MenuEntry[]>>;
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when: string }[];
    readonly configuration: {
      readonly properties: Readonly<
        Record<string, { readonly scope?: string; readonly default?: unknown; readonly enum?: readonly string[] }>
      >;
    };
    readonly walkthroughs: readonly {
      readonly steps: readonly {
        readonly media: { readonly svg: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
  };
}

const root = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const packageText = read("package.json");
const { contributes, ...head } = JSON.parse(packageText) as PackageJson;
const texts = JSON.parse(read("package.nls.json")) as Record<string, string>;
const ids: readonly string[] = Object.values(commandIds);
const menuEntries = Object.values(contributes.menus).flat();
const sorted = (values: Iterable<string>) => [...values].sort();
const sources = (folder: string) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => read(path.join(folder, file)));

describe("the manifest", () => {
  it("declares in package.json exactly the commands of manifest.ts", () => {
    assert.deepEqual(sorted(contributes.commands.map(({ command }) => command)), sorted(ids));
  });

  it("has a function for every command in the command table", () => {
    const table = read("src/commands/commandTable.ts");
    const names = [...table.matchAll(/\[commandIds\.(\w+)\]:/g)].map(([, name = ""]) => name);
    assert.deepEqual(sorted(names), sorted(Object.keys(commandIds)));
  });

  it("puts only commands of its own into menus, links and completion events", () => {
    const linked = [
      ...Object.values(texts)
        .join("\n")
        .matchAll(/\(command:(keyVaultCsi[\w.]+)/g),
    ].map(([, id = ""]) => id);
    const events = contributes.walkthroughs
      .flatMap(({ steps }) => steps)
      .flatMap(({ completionEvents }) => completionEvents)
      .flatMap((event) => /^onCommand:(.*)$/.exec(event)?.[1] ?? []);
    const used = [...menuEntries.map(({ command }) => command), ...linked, ...events];
    assert.ok(linked.length > 0 && events.length > 0);
    assert.deepEqual(
      used.filter((id) => !ids.includes(id)),
      [],
    );
  });

  it("gives every command a title with a category, in words of package.nls.json", () => {
    for (const { title } of contributes.commands) {
      assert.match(title, /^%command\..+%$/);
    }
  });

  it("has a text for every placeholder, and no text without one", () => {
    const used = [...packageText.matchAll(/"%([\w.]+)%"/g)].map(([, key = ""]) => key);
    assert.deepEqual(sorted(new Set(used)), sorted(Object.keys(texts)));
  });

  it("declares the views of manifest.ts in their container", () => {
    assert.deepEqual(
      contributes.viewsContainers.activitybar.map(({ id }) => id),
      [viewIds.container],
    );
    const declared = contributes.views[viewIds.container]?.map(({ id }) => id);
    assert.deepEqual(declared, [viewIds.tree, viewIds.setup]);
  });

  it("declares exactly the settings of manifest.ts, each for the person and not for a workspace", () => {
    const { properties } = contributes.configuration;
    assert.deepEqual(sorted(Object.keys(properties)), sorted(Object.values(settingIds)));
    for (const [id, property] of Object.entries(properties)) {
      assert.equal(property.scope, "application", id);
      assert.ok("default" in property, `${id} has no default`);
    }
    const method = properties[settingIds.authenticationMethod];
    assert.deepEqual(sorted(method?.enum ?? []), sorted(authenticationMethods));
  });

  it("matches in menus only context values that rows can have", () => {
    const words = new Set<string>([...Object.values(nodeKinds), ...Object.values(nodeTraits)]);
    const entries = (contributes.menus["view/item/context"] ?? []).map(({ when = "" }) => when);
    for (const when of entries) {
      const pattern = /viewItem =~ \/(.+)\/$/.exec(when)?.[1];
      assert.ok(pattern, when);
      const named = pattern.replaceAll(/csi\(On\|Off\)/g, "csiOn|csiOff").replaceAll(/\\[b+]/g, " ");
      const unknown = [...named.matchAll(/[A-Za-z]+/g)].map(([word]) => word).filter((word) => !words.has(word));
      assert.deepEqual(unknown, [], when);
    }
  });

  it("offers each menu entry on at least one row that exists", () => {
    const rows = rowContexts();
    for (const { command, when = "" } of contributes.menus["view/item/context"] ?? []) {
      const pattern = new RegExp(/viewItem =~ \/(.+)\/$/.exec(when)?.[1] ?? "$never");
      assert.ok(
        rows.some((row) => pattern.test(row)),
        `${command}: ${when}`,
      );
    }
  });

  it("asks in when clauses only for keys that the code sets", () => {
    const keys = new Set<string>(Object.values(contextKeys));
    const asked = [...packageText.matchAll(/keyVaultCsi\.(?:treeState|is[A-Z]\w*)/g)].map(([key]) => key);
    assert.ok(asked.length > 0);
    assert.deepEqual(
      asked.filter((key) => !keys.has(key)),
      [],
    );
    const code = sources("src").join("\n");
    for (const name of Object.keys(contextKeys)) {
      assert.ok(code.includes(`contextKeys.${name}`), `nobody sets ${name}`);
    }
  });

  it("has a welcome for every reason why the tree is empty", () => {
    const states = contributes.viewsWelcome.map(({ view, when }) => {
      assert.equal(view, viewIds.tree);
      return /treeState == (\w+)$/.exec(when)?.[1];
    });
    const reasons: readonly string[] = treeStates.filter((state) => state !== "ready");
    assert.deepEqual(states, reasons);
  });

  it("names only pictures that are there", () => {
    const pictures = [
      head.icon,
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...Object.values(contributes.views)
        .flat()
        .map(({ icon }) => icon),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
    ];
    assert.deepEqual(
      pictures.filter((file) => !existsSync(path.join(root, file))),
      [],
    );
  });

  it("has an icon of 128 pixels or more", () => {
    const png = readFileSync(path.join(root, head.icon));
    assert.equal(png.subarray(1, 4).toString("latin1"), "PNG");
    assert.ok(png.readUInt32BE(16) >= 128 && png.readUInt32BE(20) >= 128);
  });

  it("is found by the id that code names", () => {
    assert.equal(`${head.publisher}.${head.name}`, extensionId);
  });
});

/** Every context value the rows are made with, read from the calls of `contextValue`. */
function rowContexts(): readonly string[] {
  const code = sources("src/tree").join("\n");
  const calls = [...code.matchAll(/contextValue\(([^)]*)\)/g)].map(([, args = ""]) => args);
  const clusters = ["csiOn", "csiOff"].flatMap((csi) =>
    ["running", "stopped", "updating"].map((power) => `cluster+${csi}+${power}+hasId+inPortal`),
  );
  const plain = calls
    .map((args) => [...args.matchAll(/"(\w+)"/g)].map(([, word]) => word).join("+"))
    .filter((value) => value !== "");
  return [...clusters, ...plain, "clusters", "vaults", "vault+rbac+hasId+inPortal"];
}
