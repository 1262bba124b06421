import * as vscode from "vscode";

import type { ClusterSummary, Estate, VaultSummary } from "../services/azure/inventory.ts";
import { isAbort } from "../services/errors.ts";
import type { Services } from "../services/services.ts";
import { EstateView, replaceRow } from "./estateView.ts";

const pauseBetweenChangesMs = 200;

interface Reading {
  readonly whole: Promise<EstateView>;
  readonly first: Promise<EstateView>;
  readonly aborter: AbortController;
}

/** Reads the estate once and shares it between the tree, the quick picks and the commands. */
export class EstateReader implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<string | undefined>();
  /** More is known, at most a few times a second; or one resource has changed, then its ARM id. */
  readonly onDidChange = this.#changed.event;
  #view: EstateView | undefined;
  #reading: Reading | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly services: () => Promise<Pick<Services, "inventory">>,
    /** Bare ids; undefined: all. */
    readonly chosenSubscriptions: () => readonly string[] | undefined,
  ) {}

  /** What is known now, without asking. */
  get view(): EstateView | undefined {
    return this.#view;
  }

  /** As much as one page holds. Starts reading when nobody has. */
  firstPage(): Promise<EstateView> {
    return this.#view ? Promise.resolve(this.#view) : this.#start().first;
  }

  /** All of it. */
  whole(): Promise<EstateView> {
    return this.#view?.isComplete ? Promise.resolve(this.#view) : this.#start().whole;
  }

  /** Forgets everything; the next who asks reads it anew. */
  forget(): void {
    this.#reading?.aborter.abort();
    this.#reading = undefined;
    this.#view = undefined;
  }

  /** Puts a cluster in the place of its older self, or adds it. */
  putCluster(cluster: ClusterSummary): void {
    if (this.#view) {
      const isKnown = this.#view.cluster(cluster.id) !== undefined;
      const { estate } = this.#view;
      this.#show({ ...estate, clusters: replaceRow(estate.clusters, cluster) }, this.#view.isComplete);
      this.#changed.fire(isKnown ? cluster.id : undefined);
    }
  }

  /** Puts a vault in the place of its older self, or adds it. */
  putVault(vault: VaultSummary): void {
    if (this.#view) {
      const isKnown = this.#view.vault(vault.id) !== undefined;
      const { estate } = this.#view;
      this.#show({ ...estate, vaults: replaceRow(estate.vaults, vault) }, this.#view.isComplete);
      this.#changed.fire(isKnown ? vault.id : undefined);
    }
  }

  /** Reads one subscription again. */
  async rereadSubscription(subscriptionId: string): Promise<void> {
    const { inventory } = await this.services();
    const part = await inventory.readEstate({ subscriptionIds: [subscriptionId] });
    if (!this.#view) {
      return;
    }
    const id = subscriptionId.toLowerCase();
    const isOther = (row: { readonly subscriptionId?: string | undefined }) => row.subscriptionId?.toLowerCase() !== id;
    const { estate, isComplete } = this.#view;
    const merged: Estate = {
      ...estate,
      clusters: [...estate.clusters.filter(isOther), ...part.clusters],
      vaults: [...estate.vaults.filter(isOther), ...part.vaults],
      missing: [...estate.missing.filter(isOther), ...part.missing],
    };
    this.#show(merged, isComplete);
    this.#changed.fire(undefined);
  }

  dispose(): void {
    this.forget();
    clearTimeout(this.#timer);
    this.#changed.dispose();
  }

  #start(): Reading {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  #read(): Reading {
    const aborter = new AbortController();
    let whole: Promise<EstateView> | undefined;
    const first = new Promise<EstateView>((resolve, reject) => {
      whole = this.#readAll(aborter.signal, resolve);
      whole.then(resolve, reject);
    });
    // Who asked for the whole hears of the failure there.
    first.catch(() => undefined);
    return { whole: whole ?? first, first, aborter };
  }

  async #readAll(signal: AbortSignal, onFirst: (view: EstateView) => void): Promise<EstateView> {
    try {
      const { inventory } = await this.services();
      const subscriptionIds = this.chosenSubscriptions();
      const onPage = (sofar: Estate) => {
        if (!signal.aborted) {
          onFirst(this.#show(sofar, false));
          this.#fireSoon();
        }
      };
      const estate = await inventory.readEstate(subscriptionIds ? { subscriptionIds } : {}, onPage, { signal });
      signal.throwIfAborted();
      const view = this.#show(estate, true);
      this.#fireSoon();
      return view;
    } catch (error) {
      if (!isAbort(error)) {
        this.forget();
      }
      throw error;
    }
  }

  #show(estate: Estate, isComplete: boolean): EstateView {
    this.#view = new EstateView(estate, isComplete);
    return this.#view;
  }

  #fireSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire(undefined);
    }, pauseBetweenChangesMs);
  }
}
