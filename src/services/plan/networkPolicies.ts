import type { KubernetesObject } from "../kubernetes/clusterClient.ts";
import { fieldsOf, itemsOf, textOf, type Fields } from "../kubernetes/fields.ts";

/** Liveness and metrics of the driver. @see https://learn.microsoft.com/azure/aks/csi-secrets-store-driver */
const driverPorts = [9808, 8095];

const driverLabels: Readonly<Record<string, string>> = { app: "secrets-store-csi-driver" };

/** Names of the policies of the driver's namespace that choose its pods while no policy that does lets the driver's ports through from everywhere. */
export function closingPolicies(policies: readonly KubernetesObject[]): readonly string[] {
  const ingress = policies.filter((policy) => isForIngress(policy) && selectsDriver(policy));
  const closed = driverPorts.filter((port) => !ingress.some((policy) => allows(policy, port)));
  return closed.length > 0 ? ingress.map(({ metadata }) => metadata.name) : [];
}

function isForIngress(policy: KubernetesObject): boolean {
  const { policyTypes } = fieldsOf(policy["spec"]);
  return !Array.isArray(policyTypes) || policyTypes.includes("Ingress");
}

function selectsDriver(policy: KubernetesObject): boolean {
  const selector = fieldsOf(fieldsOf(policy["spec"])["podSelector"]);
  const labels = Object.entries(fieldsOf(selector["matchLabels"]));
  return (
    labels.every(([key, value]) => driverLabels[key] === value) && itemsOf(selector["matchExpressions"]).every(matches)
  );
}

function matches(expression: Fields): boolean {
  const label = driverLabels[textOf(expression["key"]) ?? ""];
  const values = Array.isArray(expression["values"]) ? expression["values"] : [];
  switch (expression["operator"]) {
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Exists":
      return label !== undefined;
    default:
      return label === undefined;
  }
}

/** A rule without `from` means everybody, one without `ports` every port. */
function allows(policy: KubernetesObject, port: number): boolean {
  return itemsOf(fieldsOf(policy["spec"])["ingress"]).some((rule) => {
    const from = itemsOf(rule["from"]);
    const ports = itemsOf(rule["ports"]);
    return from.length === 0 && (ports.length === 0 || ports.some((entry) => isPort(entry, port)));
  });
}

function isPort({ port, endPort, protocol }: Fields, wanted: number): boolean {
  if ((textOf(protocol) ?? "TCP") !== "TCP") {
    return false;
  }
  if (port === undefined) {
    return true;
  }
  return typeof port === "number" && port <= wanted && wanted <= (typeof endPort === "number" ? endPort : port);
}
