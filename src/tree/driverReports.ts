import * as vscode from "vscode";

import { ServiceError } from "../services/errors.ts";
import type { DriverReport } from "../services/kubernetes/driverPods.ts";
import type { Services } from "../services/services.ts";

/** What is known of the driver on a cluster, from the last time somebody looked. */
export type DriverKnowledge =
  | { readonly kind: "reported"; readonly report: DriverReport }
  | { readonly kind: "failed"; readonly error: ServiceError };

/** The last look at each cluster's driver. Clusters are asked only when somebody opens the row or verifies. */
export class DriverReports implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<string>();
  /** Tells the cluster's id, lower case. */
  readonly onDidChange = this.#changed.event;
  readonly #looks = new Map<string, Promise<DriverReport>>();
  readonly #known = new Map<string, DriverKnowledge>();

  constructor(readonly services: () => Promise<Pick<Services, "clusterClients" | "driver">>) {}

  get(clusterId: string): DriverKnowledge | undefined {
    return this.#known.get(clusterId.toLowerCase());
  }

  put(clusterId: string, knowledge: DriverKnowledge): void {
    this.#known.set(clusterId.toLowerCase(), knowledge);
    this.#changed.fire(clusterId.toLowerCase());
  }

  forget(clusterId?: string): void {
    if (clusterId === undefined) {
      this.#known.clear();
    } else {
      this.#known.delete(clusterId.toLowerCase());
    }
  }

  /** Looks once; two who ask at the same time share the look. A failure is remembered too, so that the row says so and nobody is asked again unasked. */
  look(clusterId: string): Promise<DriverReport> {
    const key = clusterId.toLowerCase();
    const underWay = this.#looks.get(key) ?? this.#look(clusterId).finally(() => this.#looks.delete(key));
    this.#looks.set(key, underWay);
    return underWay;
  }

  async #look(clusterId: string): Promise<DriverReport> {
    const services = await this.services();
    try {
      const client = await services.clusterClients.open(clusterId);
      const report = await services.driver.verify(client, { withinMs: 0, everyMs: 0 });
      this.put(clusterId, { kind: "reported", report });
      return report;
    } catch (error) {
      if (error instanceof ServiceError) {
        this.put(clusterId, { kind: "failed", error });
      }
      throw error;
    }
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
