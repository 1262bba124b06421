import assert from "node:assert/strict";

import { describe, it } from "mocha";

import type { WizardDraft } from "../../../../src/wizard/protocol.ts";
import {
  canMount,
  choose,
  emptyDraft,
  fromState,
  hasLostValue,
  isSecretChosen,
  isVaultChosen,
  toState,
  wantsMount,
  type Choice,
} from "../../../../src/wizard/page/draft.ts";
import { formatTags, parseTags } from "../../../../src/wizard/page/tags.ts";

const cluster = { id: "/a/B", name: "B", subscriptionId: "s", resourceGroup: "g" };
const rotation = { isEnabled: true, pollInterval: "5m" };

function after(...choices: readonly Choice[]): WizardDraft {
  return choices.reduce(choose, emptyDraft);
}

describe("The wizard's draft", () => {
  it("forgets the rotation of one cluster when another is chosen, and keeps it for the same in other letter case", () => {
    const chosen = after({ kind: "cluster", cluster }, { kind: "rotation", rotation });
    assert.equal(choose(chosen, { kind: "cluster", cluster: { ...cluster, id: "/A/b" } }).rotation, rotation);
    assert.equal(choose(chosen, { kind: "cluster", cluster: { ...cluster, id: "/a/C" } }).rotation, undefined);
  });

  it("forgets what to do about a deleted vault when its name or subscription changes, and not otherwise", () => {
    const purging = after(
      { kind: "newVault", change: { name: "kv", subscriptionId: "s" } },
      { kind: "newVault", change: { ifDeleted: "purge" } },
    );
    const ifDeleted = (choice: Choice) => choose(purging, choice).vault.fresh.ifDeleted;
    assert.equal(ifDeleted({ kind: "newVault", change: { location: "eastus2" } }), "purge");
    assert.equal(ifDeleted({ kind: "newVault", change: { name: "kv2" } }), undefined);
    assert.equal(ifDeleted({ kind: "newVault", change: { subscriptionId: "t" } }), undefined);
  });

  it("forgets the resource group of another subscription", () => {
    const draft = after(
      { kind: "newVault", change: { subscriptionId: "s", resourceGroup: "g" } },
      { kind: "newVault", change: { subscriptionId: "t" } },
    );
    assert.equal(draft.vault.fresh.resourceGroup, "");
  });

  it("forgets what to do about a deleted secret when its name or the vault changes", () => {
    const purging = after(
      { kind: "secret", change: { name: "a" } },
      { kind: "secret", change: { ifDeleted: "purge" } },
    );
    assert.equal(choose(purging, { kind: "secret", change: { contentType: "x" } }).secret.ifDeleted, "purge");
    assert.equal(choose(purging, { kind: "secret", change: { name: "b" } }).secret.ifDeleted, undefined);
    const vault = { id: "/v", name: "v", usesRbac: true };
    assert.equal(choose(purging, { kind: "existingVault", vault }).secret.ifDeleted, undefined);
  });

  it("keeps what was typed for a new vault while an existing one is looked at", () => {
    const draft = after(
      { kind: "vaultKind", vault: "new" },
      { kind: "newVault", change: { name: "kv" } },
      { kind: "vaultKind", vault: "existing" },
      { kind: "vaultKind", vault: "new" },
    );
    assert.equal(draft.vault.fresh.name, "kv");
  });

  it("knows whether a vault is chosen", () => {
    assert.equal(isVaultChosen(emptyDraft), false);
    assert.equal(isVaultChosen(after({ kind: "vaultKind", vault: "none" })), true);
    const fresh = { name: "kv", subscriptionId: "s", resourceGroup: "g" };
    const partly = after({ kind: "vaultKind", vault: "new" }, { kind: "newVault", change: fresh });
    assert.equal(isVaultChosen(partly), false);
    assert.equal(isVaultChosen(choose(partly, { kind: "newVault", change: { location: "eastus2" } })), true);
  });

  it("wants a value again that was typed and is not there any more", () => {
    const vault = { id: "/v", name: "v", usesRbac: true };
    const draft = after({ kind: "existingVault", vault }, { kind: "secret", change: { name: "a", hadValue: true } });
    assert.equal(hasLostValue(draft, undefined), true);
    assert.equal(isSecretChosen(draft, undefined), false);
    assert.equal(isSecretChosen(draft, "x"), true);
    assert.equal(isSecretChosen(choose(draft, { kind: "vaultKind", vault: "none" }), undefined), true);
  });

  it("forgets identity, namespace and service account with the cluster, and the identity with the kind of access", () => {
    const identity = { id: "/i", name: "i" };
    const names = { identity, namespace: "store", serviceAccount: "reader", className: "mine" };
    const draft = after({ kind: "cluster", cluster }, { kind: "mount", change: names });
    assert.equal(choose(draft, { kind: "mount", change: { access: "workloadIdentity" } }).mount.identity, identity);
    assert.equal(choose(draft, { kind: "mount", change: { access: "nodeIdentity" } }).mount.identity, undefined);
    const { mount } = choose(draft, { kind: "cluster", cluster: { ...cluster, id: "/a/C" } });
    assert.deepEqual(
      [mount.identity, mount.namespace, mount.serviceAccount, mount.className],
      [undefined, "", "", "mine"],
    );
  });

  it("mounts only where there is a secret to mount, and unless told otherwise", () => {
    const vault = { id: "/v", name: "v", usesRbac: true };
    const draft = after({ kind: "existingVault", vault }, { kind: "secret", change: { name: "a" } });
    assert.equal(wantsMount(emptyDraft), false);
    assert.equal(wantsMount(draft), true);
    assert.equal(wantsMount(choose(draft, { kind: "mount", change: { access: "none" } })), false);
    assert.equal(wantsMount(choose(draft, { kind: "secret", change: { kind: "none" } })), false);
    assert.equal(canMount(choose(draft, { kind: "vaultKind", vault: "none" })), false);
  });

  it("comes back from what was saved, also through JSON, and not from another version", () => {
    const draft = after({ kind: "cluster", cluster }, { kind: "secret", change: { name: "a", hadValue: true } });
    const saved = JSON.parse(JSON.stringify(toState({ draft, screen: "secret" }))) as Record<string, unknown>;
    assert.deepEqual(fromState(saved)?.draft, JSON.parse(JSON.stringify(draft)));
    assert.equal(fromState(saved)?.screen, "secret");
    assert.equal(fromState({ ...saved, version: 0 }), undefined);
    assert.equal(fromState(null), undefined);
  });
});

describe("The tags field", () => {
  it("takes one tag a line, and gives the same lines back", () => {
    const tags = parseTags(" env = prod \n\nquery=a=b\nflag");
    assert.deepEqual(tags, [
      { name: "env", value: "prod" },
      { name: "query", value: "a=b" },
      { name: "flag", value: "" },
    ]);
    assert.deepEqual(parseTags(formatTags(tags)), tags);
  });
});
