import { age, humanDuration } from "./duration.ts";
import { at, isRecord, listAt, numberAt, textAt, type KubeObject } from "./object.ts";
import { podColumns } from "./podStatus.ts";

export type Cell = string | number | boolean | null;

/** Names of columns. A leading `+`: shown by `-o wide` only. A trailing `#` makes an integer, `?` a boolean. */
export interface Printer {
  readonly columns: string;
  readonly cells: (object: KubeObject, now: number) => readonly Cell[];
}

const none = "<none>";
const ageOf = (object: KubeObject, now: number): string => age(object.metadata.creationTimestamp ?? "", now);
const count = (value: unknown): number =>
  isRecord(value) ? Object.keys(value).length : Array.isArray(value) ? value.length : 0;
const number = (object: KubeObject, path: string): number => numberAt(object, path) ?? 0;

function containerCells(spec: unknown): readonly Cell[] {
  const containers = listAt(spec, "containers");
  return [containers.map((c) => textAt(c, "name")).join(","), containers.map((c) => textAt(c, "image")).join(",")];
}

function labelsText(labels: unknown): string {
  const pairs = Object.entries(isRecord(labels) ? labels : {}).map(([name, value]) => `${name}=${String(value)}`);
  return pairs.sort().join(",") || none;
}

export function formatLabelSelector(selector: unknown): string {
  if (!isRecord(selector)) {
    return none;
  }
  const expressions = listAt(selector, "matchExpressions").map((expression) => {
    const values = Array.isArray(expression["values"]) ? expression["values"].map(String).sort().join(",") : "";
    switch (textAt(expression, "operator")) {
      case "In":
        return `${textAt(expression, "key")} in (${values})`;
      case "NotIn":
        return `${textAt(expression, "key")} notin (${values})`;
      case "DoesNotExist":
        return `!${textAt(expression, "key")}`;
      default:
        return textAt(expression, "key");
    }
  });
  const equal = Object.entries((selector["matchLabels"] as Record<string, string> | undefined) ?? {});
  return [...equal.map(([name, value]) => `${name}=${value}`).sort(), ...expressions].join(",") || none;
}

function address(node: KubeObject, type: string): string {
  const found = listAt(node, "status.addresses").find((one) => one["type"] === type);
  return found ? textAt(found, "address") : none;
}

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, "status.conditions").find((condition) => condition["type"] === "Ready");
  const status = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady";
  return at(node, "spec.unschedulable") === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(node: KubeObject): string {
  const labels = Object.entries(node.metadata.labels ?? {});
  const roles = labels.flatMap(([name, value]) =>
    name.startsWith("node-role.kubernetes.io/")
      ? [name.slice("node-role.kubernetes.io/".length)]
      : name === "kubernetes.io/role" && value
        ? [value]
        : [],
  );
  return (
    roles
      .filter((role) => role !== "")
      .sort()
      .join(",") || none
  );
}

function eventCells(event: KubeObject, now: number): readonly Cell[] {
  const first = textAt(event, "firstTimestamp") || textAt(event, "eventTime");
  const last = textAt(event, "series.lastObservedTime") || textAt(event, "lastTimestamp") || first;
  const involved = at(event, "involvedObject");
  const kind = textAt(involved, "kind").toLowerCase();
  const name = textAt(involved, "name");
  const component = textAt(event, "source.component") || textAt(event, "reportingComponent");
  const host = textAt(event, "source.host") || textAt(event, "reportingInstance");
  return [
    age(last, now),
    textAt(event, "type"),
    textAt(event, "reason"),
    name ? `${kind}/${name}` : kind,
    textAt(involved, "fieldPath"),
    host ? `${component}, ${host}` : component,
    textAt(event, "message").trim(),
    age(first, now),
    numberAt(event, "series.count") ?? (number(event, "count") || 1),
    event.metadata.name,
  ];
}

function jobCells(job: KubeObject, now: number): readonly Cell[] {
  const has = (type: string): boolean =>
    listAt(job, "status.conditions").some((c) => c["type"] === type && c["status"] === "True");
  const status = has("Complete")
    ? "Complete"
    : has("Failed")
      ? "Failed"
      : job.metadata.deletionTimestamp
        ? "Terminating"
        : has("Suspended")
          ? "Suspended"
          : "Running";
  const start = textAt(job, "status.startTime");
  const end = textAt(job, "status.completionTime");
  const duration = start ? humanDuration((end ? Date.parse(end) : now) - Date.parse(start)) : "";
  const completions = `${number(job, "status.succeeded")}/${numberAt(job, "spec.completions") ?? 1}`;
  return [
    job.metadata.name,
    status,
    completions,
    duration,
    ageOf(job, now),
    ...containerCells(at(job, "spec.template.spec")),
    formatLabelSelector(at(job, "spec.selector")),
  ];
}

function servicePorts(service: KubeObject): string {
  return listAt(service, "spec.ports")
    .map((port) => {
      const node = textAt(port, "nodePort");
      return `${textAt(port, "port")}${node ? `:${node}` : ""}/${textAt(port, "protocol")}`;
    })
    .join(",");
}

function csiDriverCells(driver: KubeObject, now: number): readonly Cell[] {
  const requests = at(driver, "spec.tokenRequests");
  const modes = at(driver, "spec.volumeLifecycleModes");
  return [
    driver.metadata.name,
    at(driver, "spec.attachRequired") !== false,
    at(driver, "spec.podInfoOnMount") === true,
    at(driver, "spec.storageCapacity") === true,
    Array.isArray(requests) ? requests.map((request) => textAt(request, "audience")).join(",") : "<unset>",
    at(driver, "spec.requiresRepublish") === true,
    Array.isArray(modes) && modes.length > 0 ? modes.join(",") : none,
    ageOf(driver, now),
  ];
}

function bindingCells(binding: KubeObject, now: number): readonly Cell[] {
  const subjects = (kind: string): string =>
    listAt(binding, "subjects")
      .filter((subject) => subject["kind"] === kind)
      .map((s) => (kind === "ServiceAccount" ? `${textAt(s, "namespace")}/${textAt(s, "name")}` : textAt(s, "name")))
      .join(", ");
  return [
    binding.metadata.name,
    `${textAt(binding, "roleRef.kind")}/${textAt(binding, "roleRef.name")}`,
    ageOf(binding, now),
    subjects("User"),
    subjects("Group"),
    subjects("ServiceAccount"),
  ];
}

function podCells(pod: KubeObject, now: number): readonly Cell[] {
  const { ready, status, restarts } = podColumns(pod, now);
  return [
    pod.metadata.name,
    ready,
    status,
    restarts,
    ageOf(pod, now),
    textAt(pod, "status.podIP") || none,
    textAt(pod, "spec.nodeName") || none,
    textAt(pod, "status.nominatedNodeName") || none,
    none,
  ];
}

const workload = (object: KubeObject): readonly Cell[] => [
  ...containerCells(at(object, "spec.template.spec")),
  formatLabelSelector(at(object, "spec.selector")),
];
const binding: Printer = { columns: "Name,Role,Age,+Users,+Groups,+ServiceAccounts", cells: bindingCells };
const plain = "Name,Age";

/** The columns the API server prints, by where an object is stored. */
export const printers: Readonly<Record<string, Printer>> = {
  pods: {
    columns: "Name,Ready,Status,Restarts,Age,+IP,+Node,+Nominated Node,+Readiness Gates",
    cells: podCells,
  },
  nodes: {
    columns: "Name,Status,Roles,Age,Version,+Internal-IP,+External-IP,+OS-Image,+Kernel-Version,+Container-Runtime",
    cells: (node, now) => [
      node.metadata.name,
      nodeStatus(node),
      nodeRoles(node),
      ageOf(node, now),
      textAt(node, "status.nodeInfo.kubeletVersion"),
      address(node, "InternalIP"),
      address(node, "ExternalIP"),
      textAt(node, "status.nodeInfo.osImage") || "<unknown>",
      textAt(node, "status.nodeInfo.kernelVersion") || "<unknown>",
      textAt(node, "status.nodeInfo.containerRuntimeVersion") || "<unknown>",
    ],
  },
  events: {
    columns: "Last Seen,Type,Reason,Object,+Subobject,+Source,Message,+First Seen,+Count,+Name",
    cells: eventCells,
  },
  namespaces: {
    columns: "Name,Status,Age",
    cells: (ns, now) => [ns.metadata.name, textAt(ns, "status.phase"), ageOf(ns, now)],
  },
  secrets: {
    columns: "Name,Type,Data,Age",
    cells: (secret, now) => [secret.metadata.name, textAt(secret, "type"), count(secret["data"]), ageOf(secret, now)],
  },
  configmaps: {
    columns: "Name,Data,Age",
    cells: (map, now) => [map.metadata.name, count(map["data"]) + count(map["binaryData"]), ageOf(map, now)],
  },
  serviceaccounts: {
    columns: "Name,Age",
    cells: (account, now) => [account.metadata.name, ageOf(account, now)],
  },
  services: {
    columns: "Name,Type,Cluster-IP,External-IP,Port(s),Age,+Selector",
    cells: (service, now) => [
      service.metadata.name,
      textAt(service, "spec.type"),
      textAt(service, "spec.clusterIP") || none,
      textAt(service, "spec.type") === "LoadBalancer" ? "<pending>" : none,
      servicePorts(service) || none,
      ageOf(service, now),
      labelsText(at(service, "spec.selector")),
    ],
  },
  endpoints: {
    columns: "Name,Endpoints,Age",
    cells: (endpoints, now) => [
      endpoints.metadata.name,
      listAt(endpoints, "subsets")
        .flatMap((set) =>
          listAt(set, "addresses").flatMap((a) =>
            listAt(set, "ports").map((port) => `${textAt(a, "ip")}:${textAt(port, "port")}`),
          ),
        )
        .slice(0, 3)
        .join(",") || none,
      ageOf(endpoints, now),
    ],
  },
  "deployments.apps": {
    columns: "Name,Ready,Up-to-date,Available,Age,+Containers,+Images,+Selector",
    cells: (d, now) => [
      d.metadata.name,
      `${number(d, "status.readyReplicas")}/${number(d, "spec.replicas")}`,
      number(d, "status.updatedReplicas"),
      number(d, "status.availableReplicas"),
      ageOf(d, now),
      ...workload(d),
    ],
  },
  "replicasets.apps": {
    columns: "Name,Desired#,Current#,Ready#,Age,+Containers,+Images,+Selector",
    cells: (rs, now) => [
      rs.metadata.name,
      number(rs, "spec.replicas"),
      number(rs, "status.replicas"),
      number(rs, "status.readyReplicas"),
      ageOf(rs, now),
      ...workload(rs),
    ],
  },
  "statefulsets.apps": {
    columns: "Name,Ready,Age,+Containers,+Images",
    cells: (set, now) => [
      set.metadata.name,
      `${number(set, "status.readyReplicas")}/${number(set, "spec.replicas")}`,
      ageOf(set, now),
      ...containerCells(at(set, "spec.template.spec")),
    ],
  },
  "daemonsets.apps": {
    columns: "Name,Desired#,Current#,Ready#,Up-to-date#,Available#,Node Selector,Age,+Containers,+Images,+Selector",
    cells: (set, now) => [
      set.metadata.name,
      number(set, "status.desiredNumberScheduled"),
      number(set, "status.currentNumberScheduled"),
      number(set, "status.numberReady"),
      number(set, "status.updatedNumberScheduled"),
      number(set, "status.numberAvailable"),
      labelsText(at(set, "spec.template.spec.nodeSelector")),
      ageOf(set, now),
      ...workload(set),
    ],
  },
  "jobs.batch": { columns: "Name,Status,Completions,Duration,Age,+Containers,+Images,+Selector", cells: jobCells },
  "cronjobs.batch": {
    columns: "Name,Schedule,Timezone,Suspend?,Active#,Last Schedule,Age,+Containers,+Images,+Selector",
    cells: (cron, now) => [
      cron.metadata.name,
      textAt(cron, "spec.schedule"),
      textAt(cron, "spec.timeZone") || none,
      at(cron, "spec.suspend") === true,
      count(at(cron, "status.active")),
      textAt(cron, "status.lastScheduleTime") ? age(textAt(cron, "status.lastScheduleTime"), now) : none,
      ageOf(cron, now),
      ...containerCells(at(cron, "spec.jobTemplate.spec.template.spec")),
      formatLabelSelector(at(cron, "spec.jobTemplate.spec.selector")),
    ],
  },
  "networkpolicies.networking.k8s.io": {
    columns: "Name,Pod-Selector,Age",
    cells: (policy, now) => [
      policy.metadata.name,
      formatLabelSelector(at(policy, "spec.podSelector")),
      ageOf(policy, now),
    ],
  },
  "rolebindings.rbac.authorization.k8s.io": binding,
  "clusterrolebindings.rbac.authorization.k8s.io": binding,
  "roles.rbac.authorization.k8s.io": {
    columns: "Name,Created At",
    cells: (role) => [role.metadata.name, role.metadata.creationTimestamp ?? ""],
  },
  "clusterroles.rbac.authorization.k8s.io": {
    columns: "Name,Created At",
    cells: (role) => [role.metadata.name, role.metadata.creationTimestamp ?? ""],
  },
  "csidrivers.storage.k8s.io": {
    columns: "Name,AttachRequired?,PodInfoOnMount?,StorageCapacity?,TokenRequests,RequiresRepublish?,Modes,Age",
    cells: csiDriverCells,
  },
  "csinodes.storage.k8s.io": {
    columns: "Name,Drivers#,Age",
    cells: (node, now) => [node.metadata.name, count(at(node, "spec.drivers")), ageOf(node, now)],
  },
  "leases.coordination.k8s.io": {
    columns: "Name,Holder,Age",
    cells: (lease, now) => [lease.metadata.name, textAt(lease, "spec.holderIdentity"), ageOf(lease, now)],
  },
  "customresourcedefinitions.apiextensions.k8s.io": {
    columns: "Name,Created At",
    cells: (crd) => [crd.metadata.name, crd.metadata.creationTimestamp ?? ""],
  },
};

/** Custom resources without `additionalPrinterColumns`. */
export const plainPrinter: Printer = {
  columns: plain,
  cells: (object, now) => [object.metadata.name, ageOf(object, now)],
};
