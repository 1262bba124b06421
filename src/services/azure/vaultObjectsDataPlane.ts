import { randomUUID } from "node:crypto";

import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { hasCode, ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";
import { poll, type PollResult } from "../poll.ts";
import { parseAnswer } from "./answers.ts";
import { importBody, PendingCertificate, selfSignedBody } from "./vaultCertificates.ts";
import { propertiesBody, readDeletedObject, readObject, readVersion } from "./vaultObjectBodies.ts";
import { isBusy, refusalOf } from "./vaultObjectErrors.ts";
import { deletedPathOf, pathOf, type VaultRequest, type VaultRequests } from "./vaultObjectRequests.ts";
import { checkObjectName, checkSecretProperties, checkSecretValue } from "./vaultObjectRules.ts";
import type {
  DeletedObject,
  ObjectReference,
  ObjectType,
  SecretProperties,
  VaultAccess,
  VaultAddress,
  VaultObject,
  VaultObjects,
  VaultObjectVersion,
} from "./vaultObjects.ts";

interface Times {
  readonly withinMs: number;
  readonly everyMs: number;
}

type SetResult = ObjectReference & { readonly version: string };

/** Without a recovery id the object is gone for good: a vault from before soft delete. */
const DeletedBody = z.object({ recoveryId: z.nullish(z.string()) });

/** A delete, recover or purge takes seconds; a certificate of Key Vault's own making, some more. */
const settledWithinMs = 180_000;

/** The data plane over its requests. */
export class VaultDataPlane implements VaultObjects {
  readonly #requests: VaultRequests;
  readonly #everyMs: number;

  constructor(requests: VaultRequests, everyMs: number) {
    this.#requests = requests;
    this.#everyMs = everyMs;
  }

  async list(vault: VaultAddress, type: ObjectType, options?: CallOptions): Promise<readonly VaultObject[]> {
    const items = await this.#requests.list(vault, pathOf(type), options);
    return items.map((item) => readObject(type, item, vault.name));
  }

  async listVersions(
    vault: VaultAddress,
    type: ObjectType,
    name: string,
    options?: CallOptions,
  ): Promise<readonly VaultObjectVersion[]> {
    requireName(name);
    try {
      const items = await this.#requests.list(vault, pathOf(type, name, "versions"), options);
      const versions = items.map((item) => readVersion(type, item, vault.name));
      return versions.reverse().sort((a, b) => (b.createdOn?.getTime() ?? 0) - (a.createdOn?.getTime() ?? 0));
    } catch (error) {
      if (hasCode(error, "notFound")) {
        return [];
      }
      throw error;
    }
  }

  async find(
    vault: VaultAddress,
    type: ObjectType,
    name: string,
    options?: CallOptions,
  ): Promise<VaultObjectVersion | undefined> {
    return (await this.listVersions(vault, type, name, options))[0];
  }

  async setSecret(
    vault: VaultAddress,
    name: string,
    value: string,
    properties: SecretProperties = {},
    options?: CallOptions,
  ): Promise<SetResult> {
    requireName(name);
    refuse(checkSecretValue(value) ?? checkSecretProperties(properties));
    const body = { value, ...propertiesBody(properties) };
    // Sent again after a lost answer it would make a second version.
    const once = { isOnce: true, confidential: value };
    const request: VaultRequest = { method: "PUT", path: pathOf("secret", name), body, ...once };
    const answer = await this.#whenFree(() => this.#requests.send(vault, request, options), options);
    const { version } = readVersion("secret", answer.body, vault.name);
    return { objectName: name, objectType: "secret", vaultName: vault.name, tenantId: vault.tenantId, version };
  }

  setSecretWhenAllowed(
    vault: VaultAddress,
    secret: { readonly name: string; readonly value: string; readonly properties?: SecretProperties | undefined },
    times: Times,
    options?: CallOptions,
  ): Promise<SetResult> {
    const attempt = async (): Promise<PollResult<SetResult>> => {
      try {
        const value = await this.setSecret(vault, secret.name, secret.value, secret.properties, options);
        return { done: true, value };
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal !== "rbac" && refusal !== "accessPolicy") {
          throw error;
        }
        return { done: false };
      }
    };
    return poll(attempt, { ...times, what: t('the right to set secrets in "{0}"', vault.name) }, options);
  }

  async update(
    vault: VaultAddress,
    object: { readonly type: ObjectType; readonly name: string; readonly version?: string | undefined },
    change: SecretProperties,
    options?: CallOptions,
  ): Promise<void> {
    requireName(object.name);
    refuse(checkSecretProperties(change));
    // Without a version, with the slash, the vault changes the newest one.
    const path = pathOf(object.type, object.name, object.version ?? "");
    await this.#requests.send(vault, { method: "PATCH", path, body: propertiesBody(change) }, options);
  }

  async delete(vault: VaultAddress, type: ObjectType, name: string, options?: CallOptions): Promise<void> {
    requireName(name);
    const answer = await this.#requests.send(
      vault,
      { method: "DELETE", path: pathOf(type, name), accept: [404] },
      options,
    );
    if (answer.status === 404 || !parseAnswer(DeletedBody, answer).recoveryId) {
      return;
    }
    const isDeleted = async () => (await this.findDeleted(vault, type, name, options)) !== undefined;
    await this.#waitUntil(isDeleted, t('the deletion of "{0}"', name), options);
  }

  async findDeleted(
    vault: VaultAddress,
    type: ObjectType,
    name: string,
    options?: CallOptions,
  ): Promise<DeletedObject | undefined> {
    requireName(name);
    const request: VaultRequest = { method: "GET", path: deletedPathOf(type, name), accept: [404] };
    const answer = await this.#requests.send(vault, request, options);
    return answer.status === 404 ? undefined : readDeletedObject(type, answer.body, vault.name);
  }

  async listDeleted(vault: VaultAddress, type: ObjectType, options?: CallOptions): Promise<readonly DeletedObject[]> {
    const items = await this.#requests.list(vault, deletedPathOf(type), options);
    return items.map((item) => readDeletedObject(type, item, vault.name));
  }

  async recover(vault: VaultAddress, type: ObjectType, name: string, options?: CallOptions): Promise<void> {
    requireName(name);
    const exists = async () => (await this.find(vault, type, name, options)) !== undefined;
    try {
      const request: VaultRequest = { method: "POST", path: deletedPathOf(type, name, "recover") };
      await this.#whenFree(() => this.#requests.send(vault, request, options), options);
    } catch (error) {
      const isRecovered = isBusy(error, "ObjectIsBeingRecovered") || (hasCode(error, "notFound") && (await exists()));
      if (!isRecovered) {
        throw error;
      }
    }
    await this.#waitUntil(exists, t('the recovery of "{0}"', name), options);
  }

  async purge(vault: VaultAddress, type: ObjectType, name: string, options?: CallOptions): Promise<void> {
    requireName(name);
    const request: VaultRequest = { method: "DELETE", path: deletedPathOf(type, name), accept: [404] };
    await this.#whenFree(() => this.#requests.send(vault, request, options), options);
    const isGone = async () => (await this.findDeleted(vault, type, name, options)) === undefined;
    await this.#waitUntil(isGone, t('the purge of "{0}"', name), options);
  }

  async revealSecret(vault: VaultAddress, name: string, version = "", options?: CallOptions): Promise<string> {
    requireName(name);
    const answer = await this.#requests.send(vault, { method: "GET", path: pathOf("secret", name, version) }, options);
    return parseAnswer(z.object({ value: z.string() }), answer).value;
  }

  async createKey(vault: VaultAddress, name: string, kind: "RSA" | "EC", options?: CallOptions): Promise<void> {
    requireName(name);
    const body = kind === "RSA" ? { kty: "RSA", key_size: 2048 } : { kty: "EC", crv: "P-256" };
    const path = pathOf("key", name, "create");
    await this.#whenFree(() => this.#requests.send(vault, { method: "POST", path, body }, options), options);
  }

  async createCertificate(vault: VaultAddress, name: string, subject: string, options?: CallOptions): Promise<void> {
    requireName(name);
    const body = selfSignedBody(subject);
    const path = pathOf("cert", name, "create");
    await this.#whenFree(() => this.#requests.send(vault, { method: "POST", path, body }, options), options);
    const isMade = async () => {
      const pending = await this.#requests.send(
        vault,
        { method: "GET", path: pathOf("cert", name, "pending") },
        options,
      );
      const { status, error } = parseAnswer(PendingCertificate, pending);
      if (status !== "inProgress" && status !== "completed") {
        const reason = error?.message ?? status;
        throw new ServiceError("operationFailed", t('The certificate "{0}" was not made: {1}', name, reason), {
          target: vault.vaultUri,
          serviceCode: error?.code ?? undefined,
        });
      }
      return status === "completed";
    };
    await this.#waitUntil(isMade, t('the certificate "{0}"', name), options);
  }

  async importCertificate(
    vault: VaultAddress,
    name: string,
    content: Uint8Array,
    password: string | undefined,
    options?: CallOptions,
  ): Promise<void> {
    requireName(name);
    const body = importBody(content, password);
    const path = pathOf("cert", name, "import");
    const request: VaultRequest = { method: "POST", path, body, confidential: password };
    await this.#whenFree(() => this.#requests.send(vault, request, options), options);
  }

  async probeSecretsOfficer(vault: VaultAddress, options?: CallOptions): Promise<VaultAccess> {
    const probe = pathOf("secret", `key-vault-csi-probe-${randomUUID()}`, randomUUID().replaceAll("-", ""));
    const body = { attributes: { enabled: true } };
    try {
      await this.#requests.send(vault, { method: "GET", path: `${pathOf("secret")}?maxresults=1` }, options);
      await this.#requests.send(vault, { method: "PATCH", path: probe, body, accept: [404] }, options);
      return { kind: "allowed" };
    } catch (error) {
      const by = refusalOf(error) ?? (hasCode(error, "forbidden") ? "unknown" : undefined);
      if (by === undefined || !(error instanceof ServiceError)) {
        throw error;
      }
      return { kind: "denied", by, message: error.message };
    }
  }

  async waitForAccess(vault: VaultAddress, times: Times, options?: CallOptions): Promise<void> {
    const ask = async (): Promise<PollResult<undefined>> => {
      const access = await this.probeSecretsOfficer(vault, options);
      if (access.kind === "denied" && access.by === "firewall") {
        throw new ServiceError("unreachable", access.message, { target: vault.vaultUri });
      }
      return access.kind === "allowed" ? { done: true, value: undefined } : { done: false };
    };
    await poll(ask, { ...times, what: t('the right to set secrets in "{0}"', vault.name) }, options);
  }

  /** A name stays blocked for some seconds after a purge and during a recovery; only then is the call repeated. */
  #whenFree<T>(call: () => Promise<T>, options?: CallOptions): Promise<T> {
    let attempts = 0;
    const attempt = async (): Promise<PollResult<T>> => {
      try {
        return { done: true, value: await call() };
      } catch (error) {
        attempts += 1;
        if (attempts > 15 || !isBusy(error, "ObjectIsBeingDeleted", "ObjectIsBeingRecovered")) {
          throw error;
        }
        return { done: false };
      }
    };
    return poll(attempt, { everyMs: this.#everyMs, withinMs: settledWithinMs, what: t("the vault") }, options);
  }

  async #waitUntil(isSo: () => Promise<boolean>, what: string, options?: CallOptions): Promise<void> {
    const look = async (): Promise<PollResult<undefined>> =>
      (await isSo()) ? { done: true, value: undefined } : { done: false };
    await poll(look, { everyMs: this.#everyMs, withinMs: settledWithinMs, what }, options);
  }
}

function requireName(name: string): void {
  refuse(checkObjectName(name));
}

function refuse(broken: string | undefined): void {
  if (broken !== undefined) {
    throw new ServiceError("invalidRequest", broken);
  }
}
