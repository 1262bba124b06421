import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { checkVaultName } from "../../../../src/services/azure/keyVaultRules.ts";
import {
  checkObjectName,
  checkSecretProperties,
  checkSecretValue,
} from "../../../../src/services/azure/vaultObjectRules.ts";

function tags(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag${index}`, "value"]));
}

describe("The name of a vault", () => {
  it("has 3 to 24 letters, digits and single hyphens, a letter first and no hyphen last", () => {
    for (const name of ["abc", "my-vault-1", "A23456789012345678901234"]) {
      assert.equal(checkVaultName(name), undefined, name);
    }
    for (const name of [
      "",
      "ab",
      "a234567890123456789012345",
      "1abc",
      "-abc",
      "abc-",
      "a--b",
      "a_b",
      "a.b",
      "ä-vault",
      "a b",
    ]) {
      assert.match(checkVaultName(name) ?? "", /\.$/, name);
    }
  });

  it("is refused with the character that is wrong", () => {
    assert.match(checkVaultName("my_vault") ?? "", /"_"/);
    assert.match(checkVaultName("my😀vault") ?? "", /"😀"/);
  });
});

describe("The name of a secret, key or certificate", () => {
  it("has 1 to 127 letters, digits and hyphens", () => {
    for (const name of ["a", "-", "1", "DB--PASS", "x".repeat(127)]) {
      assert.equal(checkObjectName(name), undefined, name);
    }
    for (const name of ["", "DB_PASS", "a.b", "a/b", "ä", "x".repeat(128), "a\n"]) {
      assert.match(checkObjectName(name) ?? "", /\.$/, name);
    }
  });
});

describe("The value of a secret", () => {
  it("has 1 byte to 25 KB, counted in UTF-8", () => {
    assert.equal(checkSecretValue("x".repeat(25 * 1024)), undefined);
    assert.match(checkSecretValue("") ?? "", /empty/);
    assert.match(checkSecretValue("x".repeat(25 * 1024 + 1)) ?? "", /25601/);
    assert.match(checkSecretValue("€".repeat(8534)) ?? "", /25602/);
    assert.equal(checkSecretValue("€".repeat(8533)), undefined);
  });

  it("is never part of the sentence that refuses it", () => {
    assert.doesNotMatch(checkSecretValue("canary".repeat(5000)) ?? "", /canary/);
  });
});

describe("The properties of a secret", () => {
  it("are at most 15 tags of 512 characters and a content type of 255", () => {
    assert.equal(checkSecretProperties({}), undefined);
    assert.equal(checkSecretProperties({ tags: tags(15), contentType: "x".repeat(255) }), undefined);
    assert.equal(checkSecretProperties({ tags: { ["k".repeat(512)]: "v".repeat(512) } }), undefined);
    for (const broken of [
      { tags: tags(16) },
      { tags: { ["k".repeat(513)]: "v" } },
      { tags: { k: "v".repeat(513) } },
      { tags: { "": "v" } },
      { contentType: "x".repeat(256) },
      { expiresOn: new Date(NaN) },
      { expiresOn: new Date(1000), notBefore: new Date(2000) },
    ]) {
      assert.match(checkSecretProperties(broken) ?? "", /\.$/, JSON.stringify(broken));
    }
  });
});
