import { at, isRecord, listAt, textAt, type KubeObject } from "./object.ts";

/** Volume types that the restricted level lets through. */
const restrictedVolumes = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

interface Container {
  readonly name: string;
  readonly context: unknown;
}

function containersOf(pod: KubeObject): readonly Container[] {
  return [...listAt(pod, "spec.initContainers"), ...listAt(pod, "spec.containers")].map((container) => ({
    name: textAt(container, "name"),
    context: container["securityContext"],
  }));
}

/** `container "a"` or `containers "a", "b"`. */
function named(containers: readonly Container[]): string {
  const names = containers.map(({ name }) => `"${name}"`).join(", ");
  return `${containers.length === 1 ? "container" : "containers"} ${names}`;
}

function baseline(pod: KubeObject, containers: readonly Container[]): readonly string[] {
  const hosts = ["hostNetwork", "hostPID", "hostIPC"].filter((name) => at(pod, `spec.${name}`) === true);
  const privileged = containers.filter(({ context }) => at(context, "privileged") === true);
  const paths = listAt(pod, "spec.volumes").filter((volume) => isRecord(volume["hostPath"]));
  const pathNames = paths.map((volume) => `"${textAt(volume, "name")}"`).join(", ");
  return [
    ...(hosts.length > 0 ? [`host namespaces (${hosts.map((name) => `${name}=true`).join(", ")})`] : []),
    ...(paths.length > 0 ? [`hostPath volumes (${paths.length === 1 ? "volume" : "volumes"} ${pathNames})`] : []),
    ...(privileged.length > 0
      ? [`privileged (${named(privileged)} must not set securityContext.privileged=true)`]
      : []),
  ];
}

function isDroppingAll(context: unknown): boolean {
  const drop = at(context, "capabilities.drop");
  return Array.isArray(drop) && drop.includes("ALL");
}

function restricted(pod: KubeObject, containers: readonly Container[]): readonly string[] {
  const shared = at(pod, "spec.securityContext");
  // Since Kubernetes 1.25 the level asks of a pod that says it is for Windows nothing that Windows does not know.
  const linux = textAt(pod, "spec.os.name") === "windows" ? [] : containers;
  const escalating = linux.filter(({ context }) => at(context, "allowPrivilegeEscalation") !== false);
  const capable = linux.filter(({ context }) => !isDroppingAll(context));
  const rooted = containers.filter(
    ({ context }) => (at(context, "runAsNonRoot") ?? at(shared, "runAsNonRoot")) !== true,
  );
  const profiles = ["RuntimeDefault", "Localhost"];
  const unconfined = linux.filter(
    ({ context }) =>
      !profiles.includes(textAt(context, "seccompProfile.type") || textAt(shared, "seccompProfile.type")),
  );
  const volumes = listAt(pod, "spec.volumes").filter((volume) => !restrictedVolumes.some((type) => type in volume));
  const volumeNames = volumes.map((volume) => `"${textAt(volume, "name")}"`).join(", ");
  return [
    ...(escalating.length > 0
      ? [
          `allowPrivilegeEscalation != false (${named(escalating)} must set securityContext.allowPrivilegeEscalation=false)`,
        ]
      : []),
    ...(capable.length > 0
      ? [`unrestricted capabilities (${named(capable)} must set securityContext.capabilities.drop=["ALL"])`]
      : []),
    ...(volumes.length > 0
      ? [
          `restricted volume types (${volumes.length === 1 ? "volume" : "volumes"} ${volumeNames} use a restricted volume type)`,
        ]
      : []),
    ...(rooted.length > 0
      ? [`runAsNonRoot != true (pod or ${named(rooted)} must set securityContext.runAsNonRoot=true)`]
      : []),
    ...(unconfined.length > 0
      ? [
          `seccompProfile (pod or ${named(unconfined)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`,
        ]
      : []),
  ];
}

/** Why a pod may not run in a namespace of this level, in the words of the PodSecurity admission plug-in. */
export function podSecurityViolations(level: string | undefined, pod: KubeObject): readonly string[] {
  if (level !== "baseline" && level !== "restricted") {
    return [];
  }
  const containers = containersOf(pod);
  const basic = baseline(pod, containers);
  return level === "baseline" ? basic : [...basic, ...restricted(pod, containers)];
}
