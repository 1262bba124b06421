import assert from "node:assert/strict";

import { afterEach, beforeEach, describe, it } from "mocha";

import { clouds } from "../../../../src/services/azure/cloud.ts";
import { resolveCloud, type CloudSettings } from "../../../../src/services/azure/cloudMetadata.ts";
import { startSandbox, type Sandbox } from "../../../sandbox/sandbox.ts";

describe("A cloud", () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox();
  });

  afterEach(() => sandbox.close());

  const custom = (): CloudSettings => ({
    environment: "custom",
    resourceManager: `${sandbox.resourceManager}/`,
    authority: undefined,
    keyVaultAudience: undefined,
    keyVaultSuffix: undefined,
    portal: undefined,
  });

  it("of Microsoft's is known without a call", async () => {
    assert.equal(await resolveCloud({ ...custom(), environment: "AzureUSGovernment" }), clouds.AzureUSGovernment);
    assert.equal(sandbox.requests().length, 0);
  });

  it("of one's own is asked once for its endpoints, without a token", async () => {
    const cloud = await resolveCloud(custom());

    assert.equal(cloud.resourceManager, sandbox.resourceManager);
    assert.equal(cloud.resourceManagerAudience, sandbox.resourceManager);
    assert.equal(cloud.authority, sandbox.authority);
    assert.equal(cloud.keyVaultAudience, sandbox.keyVaultAudience);
    assert.equal(cloud.keyVaultSuffix, sandbox.keyVaultSuffix);
    assert.equal(sandbox.requests().length, 1);
  });

  it("that is spelled out is not asked", async () => {
    const { authority, keyVaultAudience, keyVaultSuffix } = sandbox;

    const cloud = await resolveCloud({ ...custom(), authority, keyVaultAudience, keyVaultSuffix });

    assert.equal(cloud.authority, authority);
    assert.equal(sandbox.requests().length, 0);
  });

  it("with an endpoint that is no HTTPS address is refused before any call", async () => {
    await assert.rejects(resolveCloud({ ...custom(), resourceManager: "http://127.0.0.1:1" }), {
      code: "invalidRequest",
    });
    await assert.rejects(resolveCloud({ ...custom(), resourceManager: undefined }), { code: "invalidRequest" });
    assert.equal(sandbox.requests().length, 0);
  });

  it("that does not answer, or answers something else, is told as such", async () => {
    sandbox.fail({ path: "/metadata/endpoints", malformedBody: true, times: 1 });
    await assert.rejects(resolveCloud(custom()), { code: "unexpectedResponse" });

    await assert.rejects(resolveCloud({ ...custom(), resourceManager: "https://127.0.0.1:1" }), {
      code: "unreachable",
    });
  });
});
