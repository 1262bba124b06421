import type { ObjectType } from "../azure/vaultObjects.ts";
import type { KubernetesObject } from "../kubernetes/clusterClient.ts";

/** A file a pod found in its volume. The value itself never leaves the pod. */
export interface ProvedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 over a salt made for this proof and the content, in hexadecimal. */
  readonly saltedHash: string;
}

/** An object the driver says it has mounted, and whether that is what the vault has now. */
export interface ProvedObject {
  readonly objectType: ObjectType;
  readonly objectName: string;
  readonly mountedVersion: string;
  /** Undefined where the signed-in person may not look. */
  readonly vaultVersion: string | undefined;
}

/** What a throwaway pod proved. */
export interface ProofReport {
  readonly pod: string;
  readonly namespace: string;
  /** Made for this proof: whoever knows the value can check the hashes with it. */
  readonly salt: string;
  readonly files: readonly ProvedFile[];
  readonly objects: readonly ProvedObject[];
}

/** A pod to prove a class with. */
export interface ProofPodInput {
  readonly name: string;
  readonly namespace: string;
  readonly className: string;
  /** Undefined: the namespace's default one. */
  readonly serviceAccount: string | undefined;
  readonly os: "linux" | "windows";
  /** Hexadecimal digits. */
  readonly salt: string;
}

/** The image of the documentation's own sample pod, and its equal on Windows. @see https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access */
const images = {
  linux: "registry.k8s.io/e2e-test-images/busybox:1.29-4",
  windows: "mcr.microsoft.com/powershell:lts-nanoserver-ltsc2022",
} as const;

/** One line a file: size, salted hash, name. `..data` and its like are the driver's own links. */
const scripts = {
  linux: [
    "cd /mnt/secrets-store",
    `find -L . -type f -not -path '*/..*' | sort | while read -r f; do printf '%s %s %s\\n' "$(wc -c < "$f" | tr -d ' ')" "$({ printf %s "$SALT"; cat "$f"; } | sha256sum | cut -d' ' -f1)" "\${f#./}"; done`,
  ].join(" && "),
  windows: [
    "Set-Location C:\\mnt\\secrets-store",
    "Get-ChildItem -File -Recurse | Where-Object FullName -notmatch '\\\\\\.\\.' | Sort-Object FullName | ForEach-Object { $b = [IO.File]::ReadAllBytes($_.FullName); $s = [Text.Encoding]::UTF8.GetBytes($env:SALT); $h = [Security.Cryptography.SHA256]::HashData([byte[]]($s + $b)); '{0} {1} {2}' -f $b.Length, [Convert]::ToHexString($h).ToLower(), [IO.Path]::GetRelativePath($PWD, $_.FullName).Replace('\\', '/') }",
  ].join("; "),
} as const;

/** The label our throwaway pods carry, so that one that was left behind is found. */
export const proofLabel = { "app.kubernetes.io/managed-by": "key-vault-csi", "app.kubernetes.io/component": "proof" };

/** A pod that mounts the class, prints what it finds and ends. It runs under the restricted Pod Security Standard. */
export function proofPod(input: ProofPodInput): KubernetesObject {
  const isLinux = input.os === "linux";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: input.name, namespace: input.namespace, labels: proofLabel },
    spec: {
      restartPolicy: "Never",
      activeDeadlineSeconds: 1800,
      automountServiceAccountToken: false,
      ...(input.serviceAccount === undefined ? {} : { serviceAccountName: input.serviceAccount }),
      os: { name: input.os },
      nodeSelector: { "kubernetes.io/os": input.os },
      securityContext: isLinux
        ? { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } }
        : { windowsOptions: { runAsUserName: "ContainerUser" }, runAsNonRoot: true },
      containers: [proofContainer(input)],
      volumes: [
        {
          name: "secrets-store",
          csi: {
            driver: "secrets-store.csi.k8s.io",
            readOnly: true,
            volumeAttributes: { secretProviderClass: input.className },
          },
        },
      ],
    },
  };
}

function proofContainer({ os, salt }: ProofPodInput) {
  const isLinux = os === "linux";
  return {
    name: "proof",
    image: images[os],
    command: isLinux
      ? ["/bin/sh", "-c", scripts.linux]
      : ["pwsh", "-NoLogo", "-NonInteractive", "-Command", scripts.windows],
    env: [{ name: "SALT", value: salt }],
    volumeMounts: [
      { name: "secrets-store", mountPath: isLinux ? "/mnt/secrets-store" : "C:\\mnt\\secrets-store", readOnly: true },
    ],
    resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: isLinux ? "64Mi" : "512Mi" } },
    ...(isLinux ? { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } } : {}),
  };
}

/** Reads what the pod printed; lines of another shape are left out. */
export function parseProofLog(log: string): readonly ProvedFile[] {
  return log.split("\n").flatMap((line) => {
    const [, size, saltedHash, name] = /^(\d+) ([0-9a-f]{64}) (.+?)\r?$/.exec(line) ?? [];
    return size && saltedHash && name ? [{ name, sizeBytes: Number(size), saltedHash }] : [];
  });
}

/** Takes the id of a pod status apart: `secret/name`, or `secret/name/0` with history. */
export function parseMountedId(
  id: string,
): { readonly objectType: ObjectType; readonly objectName: string } | undefined {
  const [type, objectName] = id.split("/");
  const isKnown = type === "secret" || type === "key" || type === "cert";
  return isKnown && objectName ? { objectType: type, objectName } : undefined;
}
