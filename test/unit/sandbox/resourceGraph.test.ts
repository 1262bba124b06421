import assert from "node:assert/strict";

import { after, before, describe, it } from "mocha";

import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import { seedBulk } from "../../sandbox/seedBulk.ts";
import type { Principal } from "../../sandbox/state.ts";
import { armCaller, type Answer } from "./callers.ts";

type Row = Record<string, unknown>;

describe("the sandbox's Resource Graph", () => {
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await startSandbox({
      world: (builder) => {
        seedBulk(builder, { subscriptions: 5, clusters: 40, vaults: 30 });
        builder.addVault({ name: "kv-legacy", rbac: null, tags: { team: "Pay" } });
      },
    });
  });

  after(() => sandbox.close());

  const ask = (query: string, more: object = {}, as: Principal = sandbox.principal): Promise<Answer> =>
    armCaller(sandbox, "2024-04-01", as)("POST", "/providers/Microsoft.ResourceGraph/resources", {
      query,
      options: { resultFormat: "objectArray" },
      ...more,
    });
  const rows = async (query: string): Promise<Row[]> => {
    const { status, body } = await ask(query);
    assert.equal(status, 200, JSON.stringify(body));
    return body.data as Row[];
  };
  const both = "where type in~ ('Microsoft.ContainerService/managedClusters', 'microsoft.keyvault/vaults')";

  it("pages over every row once, in the order asked for", async () => {
    const query = `resources | ${both} | project id, name | order by id asc`;
    const seen: string[] = [];
    let token: string | undefined;
    let pages = 0;
    do {
      const { body } = await ask(query, { options: { $top: 30, ...(token && { $skipToken: token }) } });
      seen.push(...(body.data as Row[]).map((row) => row["id"] as string));
      assert.equal(body.totalRecords, 71);
      token = body.$skipToken as string | undefined;
      pages += 1;
    } while (token);
    assert.equal(pages, 3);
    assert.equal(new Set(seen).size, 71);
    assert.deepEqual(seen, [...seen].sort());
  });

  it("cannot page over rows without their id, and says that it cut them", async () => {
    const { body } = await ask(`resources | ${both} | project name`, { options: { $top: 10 } });
    assert.equal(body.$skipToken, undefined);
    assert.equal(body.resultTruncated, "true");
  });

  it("compares as Kusto does", async () => {
    const count = async (condition: string): Promise<unknown> =>
      (await rows(`Resources | where ${condition} | count`))[0]?.["Count"];
    assert.equal(await count("type =~ 'Microsoft.KeyVault/Vaults'"), 31);
    assert.equal(await count("type == 'Microsoft.KeyVault/vaults'"), 0);
    assert.equal(await count("type == 'microsoft.keyvault/vaults' and tags.team == 'Pay'"), 1);
    assert.equal(await count("name startswith 'KV-' and name !contains 'legacy'"), 30);
    assert.equal(await count("properties.addonProfiles.azureKeyvaultSecretsProvider.enabled == true"), 16);
    assert.equal(await count("type has 'managedclusters' and isnull(properties.addonProfiles)"), 8);
    assert.equal(await count("name in ('kv-legacy') or tostring(properties['vaultUri']) has 'nobody'"), 1);
  });

  it("joins subscriptions to their resources", async () => {
    const found = await rows(
      "resources | where name == 'kv-legacy' | project id, subscriptionId | join kind=leftouter (resourcecontainers | where type == 'microsoft.resources/subscriptions' | project subscriptionId, subscriptionName = name) on subscriptionId",
    );
    assert.equal(found[0]?.["subscriptionName"], "Contoso Development");
  });

  it("finds only what the caller may read", async () => {
    const [first] = await rows("resources | where name == 'aks-00001' | project id, subscriptionId");
    const at = String(first?.["id"]);
    const reader = sandbox.addPrincipal({ roles: ["Reader"], at });
    const { body } = await ask(`resources | ${both} | project id, name`, {}, reader);
    assert.deepEqual(
      (body.data as Row[]).map((row) => row["id"]),
      [at],
    );
    const subscriptions = [sandbox.subscriptionId];
    assert.equal((await ask("resources", { subscriptions }, reader)).body.error.code, "AccessDenied");
  });

  it("is denied where a subscription denies it", async () => {
    const denied = sandbox.addSubscription({ isResourceGraphDenied: true });
    assert.equal((await ask("resources")).status, 403);
    sandbox.world.subscriptions.delete(denied.id);
  });

  it("says what is wrong with a query", async () => {
    const { status, body } = await ask("resources | summarize count() by type");
    assert.equal(status, 400);
    assert.equal(body.error.code, "BadRequest");
    assert.deepEqual(
      body.error.details.map(({ code }: { code: string }) => code),
      ["InvalidQuery", "ParserFailure"],
    );
    assert.equal(body.error.details[1].token, "summarize");
    assert.equal((await ask("resources", { options: { $top: 1001 } })).body.error.code, "BadRequest");
  });

  it("does not open the ports of a large estate", async () => {
    const large = await startSandbox({
      world: (builder) => seedBulk(builder, { subscriptions: 2, clusters: 0, vaults: 250 }),
    });
    try {
      const call = armCaller(large, "2024-04-01");
      const { body } = await call("POST", "/providers/Microsoft.ResourceGraph/resources", {
        query: "resources | where name == 'kv-00007' | project id, uri = properties.vaultUri",
      });
      const [{ id, uri }] = body.data as [{ id: string; uri: string }];
      assert.equal(uri, "https://kv-00007.vault.sandbox.test/");
      const vault = await armCaller(large, "2026-02-01")("GET", id);
      assert.match(vault.body.properties.vaultUri as string, /^https:\/\/127\.0\.0\.1:\d+\/$/);
    } finally {
      await large.close();
    }
  });
});
