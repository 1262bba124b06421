import { isRecord, type KubeObject } from "./object.ts";

type Fields = Record<string, unknown>;

function records(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function fill(target: Fields, defaults: Readonly<Fields>): void {
  for (const [name, value] of Object.entries(defaults)) {
    target[name] ??= structuredClone(value);
  }
}

function container(fields: Fields): void {
  const image = typeof fields["image"] === "string" ? fields["image"] : "";
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  fill(fields, {
    imagePullPolicy: tag === undefined || tag === "latest" ? "Always" : "IfNotPresent",
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  for (const port of records(fields["ports"])) {
    fill(port, { protocol: "TCP" });
  }
  for (const env of records(fields["env"])) {
    const from = isRecord(env["valueFrom"]) ? env["valueFrom"]["fieldRef"] : undefined;
    if (isRecord(from)) {
      fill(from, { apiVersion: "v1" });
    }
  }
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const probe = fields[name];
    if (isRecord(probe)) {
      fill(probe, { failureThreshold: 3, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1 });
    }
  }
}

/** Fills a pod's spec as the API server does. */
function podSpecDefaults(spec: Fields): void {
  for (const one of [...records(spec["initContainers"]), ...records(spec["containers"])]) {
    container(one);
  }
  for (const volume of records(spec["volumes"])) {
    const [secret, configMap, projected] = [volume["secret"], volume["configMap"], volume["projected"]];
    for (const source of [secret, configMap, projected]) {
      if (isRecord(source)) {
        fill(source, { defaultMode: 420 });
      }
    }
  }
  fill(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  });
  if (spec["serviceAccountName"] !== undefined) {
    spec["serviceAccount"] = spec["serviceAccountName"];
  }
}

function template(spec: Fields): void {
  const pod = isRecord(spec["template"]) ? spec["template"] : undefined;
  if (pod !== undefined && isRecord(pod["spec"])) {
    podSpecDefaults(pod["spec"]);
  }
}

/** `strategy: {}` is as good as none. */
function strategy(spec: Fields, name: string, fallback: Fields): void {
  const given = spec[name];
  if (!isRecord(given) || given["type"] === undefined || given["type"] === fallback["type"]) {
    const rolling = {
      ...(fallback["rollingUpdate"] as Fields | undefined),
      ...(isRecord(given) ? (given["rollingUpdate"] as Fields | undefined) : {}),
    };
    spec[name] = { ...fallback, rollingUpdate: rolling };
  }
}

const rolling = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };

const bySpec: Readonly<Record<string, (spec: Fields, object: KubeObject) => void>> = {
  Deployment(spec) {
    template(spec);
    fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
    strategy(spec, "strategy", rolling);
  },
  ReplicaSet(spec) {
    template(spec);
    fill(spec, { replicas: 1 });
  },
  StatefulSet(spec) {
    template(spec);
    fill(spec, {
      replicas: 1,
      revisionHistoryLimit: 10,
      podManagementPolicy: "OrderedReady",
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    });
    strategy(spec, "updateStrategy", { type: "RollingUpdate", rollingUpdate: { partition: 0 } });
  },
  DaemonSet(spec) {
    template(spec);
    fill(spec, { revisionHistoryLimit: 10 });
    strategy(spec, "updateStrategy", { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } });
  },
  Job(spec, job) {
    template(spec);
    fill(spec, {
      backoffLimit: 6,
      completionMode: "NonIndexed",
      completions: 1,
      parallelism: 1,
      suspend: false,
      manualSelector: undefined,
      podReplacementPolicy: "TerminatingOrFailed",
    });
    jobSelector(spec, job);
  },
  CronJob(spec) {
    fill(spec, {
      concurrencyPolicy: "Allow",
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      suspend: false,
    });
  },
  Service(spec) {
    for (const port of records(spec["ports"])) {
      fill(port, { protocol: "TCP", targetPort: port["port"] });
    }
    fill(spec, { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster" });
  },
  CSIDriver(spec) {
    fill(spec, {
      attachRequired: true,
      podInfoOnMount: false,
      fsGroupPolicy: "ReadWriteOnceWithFSType",
      requiresRepublish: false,
      seLinuxMount: false,
      storageCapacity: false,
      volumeLifecycleModes: ["Persistent"],
    });
  },
  NetworkPolicy(spec) {
    fill(spec, { policyTypes: spec["egress"] ? ["Ingress", "Egress"] : ["Ingress"], podSelector: {} });
  },
  Pod(spec) {
    podSpecDefaults(spec);
    fill(spec, { enableServiceLinks: true });
  },
};

function jobSelector(spec: Fields, job: KubeObject): void {
  const pod = isRecord(spec["template"]) ? spec["template"] : {};
  const labels = {
    "batch.kubernetes.io/controller-uid": job.metadata.uid ?? "",
    "batch.kubernetes.io/job-name": job.metadata.name,
    "controller-uid": job.metadata.uid ?? "",
    "job-name": job.metadata.name,
  };
  const metadata: Fields = isRecord(pod["metadata"]) ? { ...pod["metadata"] } : {};
  metadata["labels"] = { ...labels, ...(metadata["labels"] as Fields | undefined) };
  spec["template"] = { ...pod, metadata };
  spec["selector"] ??= { matchLabels: { "batch.kubernetes.io/controller-uid": job.metadata.uid ?? "" } };
}

function stringData(secret: KubeObject): void {
  const texts = secret["stringData"];
  if (isRecord(texts)) {
    const encoded = Object.entries(texts).map(([key, value]) => [key, Buffer.from(String(value)).toString("base64")]);
    secret["data"] = { ...(secret["data"] as Fields | undefined), ...(Object.fromEntries(encoded) as Fields) };
    Reflect.deleteProperty(secret, "stringData");
  }
  secret["type"] ??= "Opaque";
}

const emptyStatus: Readonly<Record<string, unknown>> = {
  Pod: { phase: "Pending", qosClass: "BestEffort" },
  Deployment: {},
  StatefulSet: { replicas: 0, availableReplicas: 0 },
  ReplicaSet: { replicas: 0 },
  DaemonSet: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  Job: {},
  CronJob: {},
  Service: { loadBalancer: {} },
  Namespace: { phase: "Active" },
};

/** The object with the defaults of its kind. The object given is left as it is. */
export function withDefaults(object: KubeObject): KubeObject {
  const result = structuredClone(object);
  if (result.kind === "Secret") {
    stringData(result);
  }
  if (result.kind === "Namespace") {
    result["spec"] ??= { finalizers: ["kubernetes"] };
    result.metadata.labels = { "kubernetes.io/metadata.name": result.metadata.name, ...result.metadata.labels };
  }
  if (isRecord(result["spec"])) {
    bySpec[result.kind]?.(result["spec"], result);
  }
  const status = emptyStatus[result.kind];
  if (status !== undefined) {
    result["status"] ??= structuredClone(status);
  }
  return result;
}
