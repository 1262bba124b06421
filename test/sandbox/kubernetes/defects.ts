/** What a test or the demo world breaks on one node. */
export type NodeDefect =
  /** The pod finds no place. */
  | { readonly kind: "pending"; readonly component: Component; readonly message: string }
  | { readonly kind: "crashLoop"; readonly component: Component; readonly message: string; readonly exitCode?: number }
  | { readonly kind: "imagePull"; readonly component: Component; readonly message?: string }
  /** No pod is made at all. */
  | { readonly kind: "missing"; readonly component: Component }
  /** The driver runs, but the registrar has not told the kubelet. */
  | { readonly kind: "unregistered" }
  | { readonly kind: "notReady" };

export type Component = "driver" | "provider";

/** Which of the two a pod is, by its label. */
export function componentOf(labels: Readonly<Record<string, string>> | undefined): Component | undefined {
  const app = labels?.["app"] ?? "";
  if (["secrets-store-csi-driver", "csi-secrets-store"].includes(app)) {
    return "driver";
  }
  return ["secrets-store-provider-azure", "csi-secrets-store-provider-azure"].includes(app) ? "provider" : undefined;
}

/** Defects by node. */
export class Defects {
  readonly #byNode = new Map<string, NodeDefect[]>();

  add(node: string, defect: NodeDefect): void {
    this.#byNode.set(node, [...(this.#byNode.get(node) ?? []), defect]);
  }

  clear(node: string): void {
    this.#byNode.delete(node);
  }

  of(node: string, component: Component | undefined): NodeDefect | undefined {
    return this.#byNode.get(node)?.find((defect) => "component" in defect && defect.component === component);
  }

  has(node: string, kind: NodeDefect["kind"]): boolean {
    return this.#byNode.get(node)?.some((defect) => defect.kind === kind) ?? false;
  }
}
