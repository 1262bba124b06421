import type { Estate } from "../services/azure/inventory.ts";
import { sameId } from "../services/azure/resourceId.ts";
import type { Services } from "../services/services.ts";

/** What is known of the estate so far. */
export interface KnownEstate {
  readonly estate: Estate;
  readonly isLoading: boolean;
}

/** The estate while it is being read, and after. It is kept on this side, so that the page holds only the rows it shows. */
export interface EstateKeeper {
  /** The first call starts the reading. A reading that failed throws once; then asking again starts another. */
  known(): KnownEstate;
  findCluster(clusterId: string): Promise<Estate["clusters"][number] | undefined>;
  tenantOf(subscriptionId: string): Promise<string | undefined>;
  refresh(): void;
  /** Drops what is known; it is read anew when it is next asked for. */
  forget(): void;
  dispose(): void;
}

/** Where the estate comes from, and who is told. */
export interface EstateParts {
  readonly getServices: () => Promise<Services>;
  /** Bare GUIDs; undefined: all that the person may see. */
  readonly chosenSubscriptions: () => readonly string[] | undefined;
  /** Called when more is known, and when the reading has ended. */
  readonly onChange: () => void;
}

export function keepEstate(parts: EstateParts): EstateKeeper {
  let reading: Reading | undefined;

  function current(): Reading {
    const now = (reading ??= new Reading(parts));
    if (now.failure) {
      reading = undefined;
      throw now.failure;
    }
    return now;
  }

  async function whole(): Promise<Estate> {
    await current().ended;
    return current().estate;
  }

  return {
    known: current,
    findCluster: async (clusterId) => (await whole()).clusters.find(({ id }) => sameId(id, clusterId)),
    tenantOf: async (subscriptionId) =>
      (await whole()).subscriptions.find(({ id }) => sameId(id, subscriptionId))?.tenantId,
    refresh() {
      reading?.abort();
      reading = new Reading(parts);
    },
    forget() {
      reading?.abort();
      reading = undefined;
      parts.onChange();
    },
    dispose() {
      reading?.abort();
    },
  };
}

class Reading implements KnownEstate {
  estate: Estate = { tenants: [], subscriptions: [], clusters: [], vaults: [], missing: [] };
  isLoading = true;
  failure: Error | undefined;
  /** Resolves when the reading is over, well or not. */
  readonly ended: Promise<void>;
  readonly #controller = new AbortController();

  constructor(parts: EstateParts) {
    this.ended = this.#read(parts);
  }

  abort(): void {
    this.#controller.abort();
  }

  async #read({ getServices, chosenSubscriptions, onChange }: EstateParts): Promise<void> {
    const { signal } = this.#controller;
    try {
      const { inventory } = await getServices();
      this.estate = await inventory.readEstate(
        { subscriptionIds: chosenSubscriptions() },
        (sofar) => {
          this.estate = sofar;
          if (!signal.aborted) {
            onChange();
          }
        },
        { signal },
      );
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
    this.isLoading = false;
    if (!signal.aborted) {
      onChange();
    }
  }
}
