/** Secrets that the driver makes of mounted files, as `secretObjects` asks. */
import { createPrivateKey, randomUUID } from "node:crypto";
import { CsiFailure } from "./csiFailure.ts";
import { recordEvent } from "./kubernetes/events.ts";
import type { MountedFile } from "./kubernetes/mounts.ts";
import { isSame, listAt, textAt, timestamp, type KubeObject } from "./kubernetes/object.ts";
import { controllerOf } from "./kubernetes/owners.ts";
import type { Store } from "./kubernetes/store.ts";

interface SyncInput {
  readonly store: Store;
  readonly pod: KubeObject;
  readonly podStatus: KubeObject;
  readonly secretClass: KubeObject;
  readonly files: readonly MountedFile[];
}

type Owners = NonNullable<KubeObject["metadata"]["ownerReferences"]>;

/** The pod's owner, so that the Secret outlives one pod; the pod status where the pod stands alone. */
function ownersOf({ pod, podStatus }: SyncInput): Owners {
  const owner = controllerOf(pod);
  const found = pod.metadata.ownerReferences?.find((one) => one.uid === owner?.uid);
  if (found) {
    return [{ apiVersion: found.apiVersion, kind: found.kind, name: found.name, uid: found.uid }];
  }
  const { name, uid = "" } = podStatus.metadata;
  return [{ apiVersion: podStatus.apiVersion, kind: podStatus.kind, name, uid }];
}

const certificates = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;
const privateKey = /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----[\s\S]+?-----END (?:RSA |EC )?PRIVATE KEY-----/;

function tlsPart(key: string, file: MountedFile): Buffer {
  const text = file.content.toString("utf8");
  if (key === "tls.crt") {
    const found = text.match(certificates);
    if (!found) {
      throw new CsiFailure(`failed to get cert data from file ${file.path}, err: failed to get certificate data`);
    }
    return Buffer.from(found.map((one) => `${one.trimEnd()}\n`).join(""));
  }
  const found = privateKey.exec(text)?.[0];
  if (found === undefined) {
    throw new CsiFailure(`failed to get cert data from file ${file.path}, err: failed to get private key data`);
  }
  const parsed = createPrivateKey(found);
  const type = parsed.asymmetricKeyType === "ec" ? "sec1" : "pkcs1";
  return Buffer.from(parsed.export({ type, format: "pem" } as { type: "sec1"; format: "pem" }));
}

function dataOf(input: SyncInput, wanted: Record<string, unknown>): Record<string, string> {
  const isTls = textAt(wanted, "type") === "kubernetes.io/tls";
  const entries = listAt(wanted, "data").map((one): [string, string] => {
    const objectName = textAt(one, "objectName").trim();
    const key = textAt(one, "key").trim();
    if (objectName === "") {
      throw new CsiFailure("object name in secretObjects.data");
    }
    if (key === "") {
      throw new CsiFailure("key in secretObjects.data is empty");
    }
    const file = input.files.find(({ path }) => path === objectName);
    if (file === undefined) {
      throw new CsiFailure(`file matching objectName ${objectName} not found in the pod`);
    }
    if (isTls && key !== "tls.crt" && key !== "tls.key") {
      throw new CsiFailure(`key '${key}' is not supported. Only 'tls.key' and 'tls.crt' are supported`);
    }
    return [key, (isTls ? tlsPart(key, file) : file.content).toString("base64")];
  });
  return Object.fromEntries(entries);
}

/** Incomplete ones are only logged by the driver: no Secret, no event. */
function isComplete(wanted: Record<string, unknown>): boolean {
  return (
    ["secretName", "type"].every((name) => textAt(wanted, name).trim() !== "") && listAt(wanted, "data").length > 0
  );
}

function sync(input: SyncInput, wanted: Record<string, unknown>): void {
  const { store, pod } = input;
  const namespace = pod.metadata.namespace ?? "";
  const name = textAt(wanted, "secretName").trim();
  const live = store.get("secrets", `${namespace}/${name}`);
  const texts = (field: string): Record<string, string> => (wanted[field] as Record<string, string> | undefined) ?? {};
  const others = live?.metadata.ownerReferences ?? [];
  const own = ownersOf(input).filter((owner) => !others.some((other) => other.uid === owner.uid));
  const secret: KubeObject = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      uid: randomUUID(),
      creationTimestamp: timestamp(store.clock.now()),
      ...live?.metadata,
      name,
      namespace,
      labels: { ...texts("labels"), "secrets-store.csi.k8s.io/managed": "true" },
      ...(wanted["annotations"] !== undefined && { annotations: texts("annotations") }),
      ownerReferences: [...others, ...own],
    },
    type: textAt(wanted, "type").trim(),
    data: dataOf(input, wanted),
  };
  if (live === undefined || !isSame({ ...live, apiVersion: "v1", kind: "Secret" }, secret)) {
    store.put("secrets", secret);
  }
}

/** Makes or renews the Secrets of a class; what fails becomes an event of the pod. */
export function syncSecrets(input: SyncInput): void {
  const { namespace = "", name: className } = input.secretClass.metadata;
  for (const wanted of listAt(input.secretClass, "spec.secretObjects").filter(isComplete)) {
    try {
      sync(input, wanted);
    } catch (error) {
      if (!(error instanceof CsiFailure)) {
        throw error;
      }
      const secret = textAt(wanted, "secretName");
      const message = `failed to get data in spc ${namespace}/${className} for secret ${secret}, err: ${error.message}`;
      recordEvent(
        input.store,
        input.pod,
        { type: "Warning", reason: "FailedToCreateSecret", message },
        { component: "csi-secrets-store-controller" },
      );
    }
  }
}
