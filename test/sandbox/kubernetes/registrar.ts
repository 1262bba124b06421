import { driverName } from "./addon.ts";
import { componentOf, type Defects } from "./defects.ts";
import { listAt, textAt, type KubeObject } from "./object.ts";
import type { Change, Store } from "./store.ts";

const csiNodes = "csinodes.storage.k8s.io";

function isReady(pod: KubeObject): boolean {
  return listAt(pod, "status.conditions").some((one) => one["type"] === "Ready" && one["status"] === "True");
}

/** Tells the kubelet of the driver when its pod is ready, and takes that back when the pod goes. */
export class Registrar {
  constructor(
    readonly store: Store,
    readonly defects: Defects,
  ) {}

  see({ resource, object, type }: Change): void {
    const node = textAt(object, "spec.nodeName");
    if (resource !== "pods" || componentOf(object.metadata.labels) !== "driver" || node === "") {
      return;
    }
    if (type === "DELETED") {
      this.unregister(node);
    } else if (isReady(object) && !this.defects.has(node, "unregistered")) {
      this.register(node);
    }
  }

  register(node: string): void {
    const entry = this.store.get(csiNodes, node);
    const drivers = listAt(entry, "spec.drivers");
    if (entry && !drivers.some((driver) => driver["name"] === driverName)) {
      const added = [...drivers, { name: driverName, nodeID: node, topologyKeys: null }];
      this.store.put(csiNodes, { ...entry, spec: { drivers: added } });
    }
  }

  unregister(node: string): void {
    const entry = this.store.get(csiNodes, node);
    const drivers = listAt(entry, "spec.drivers").filter((driver) => driver["name"] !== driverName);
    if (entry && drivers.length !== listAt(entry, "spec.drivers").length) {
      this.store.put(csiNodes, { ...entry, spec: { drivers } });
    }
  }
}
