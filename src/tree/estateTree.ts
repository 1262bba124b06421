import * as vscode from "vscode";

import { contextKeys } from "../manifest.ts";
import type { TreeState } from "../manifest.ts";
import type { Estate, MissingPart } from "../services/azure/inventory.ts";
import { hasCode, isAbort } from "../services/errors.ts";
import type { Services } from "../services/services.ts";
import type { DriverReports } from "./driverReports.ts";
import type { EstateReader } from "./estateReader.ts";
import type { EstateView } from "./estateView.ts";
import { FailureNode, MessageNode } from "./messageNode.ts";
import { icon } from "./node.ts";
import type { TreeNode } from "./node.ts";
import { isShown, SubscriptionNode, TenantNode } from "./subscriptionNode.ts";
import type { TreeSource } from "./treeProvider.ts";
import type { TreeWorld } from "./world.ts";

/** What the tree is made with. */
export interface EstateTreeInput {
  readonly estate: EstateReader;
  readonly reports: DriverReports;
  services(): Promise<Services>;
  /** The view's own header lines. */
  readonly header: Pick<vscode.TreeView<unknown>, "description" | "message">;
  /** Who is signed in and how, in few words. */
  describeAccount(): string | undefined;
}

/** The rows of "Clusters and Vaults". */
export class EstateTree implements TreeSource, TreeWorld, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<TreeNode | undefined>();
  readonly onDidChange = this.#changed.event;
  readonly estate: EstateReader;
  readonly reports: DriverReports;
  readonly #nodes = new Map<string, TreeNode>();
  readonly #listening: vscode.Disposable;
  #filter = "";

  constructor(readonly input: EstateTreeInput) {
    this.estate = input.estate;
    this.reports = input.reports;
    this.#listening = vscode.Disposable.from(
      input.estate.onDidChange((id) => {
        this.#fire(id);
      }),
      input.reports.onDidChange((id) => {
        this.#fire(id);
      }),
    );
  }

  get filter(): string {
    return this.#filter;
  }

  services(): Promise<Services> {
    return this.input.services();
  }

  node<T extends TreeNode>(id: string, make: () => T): T {
    const known = this.#nodes.get(id);
    if (known) {
      // An id names one kind of row.
      return known as T;
    }
    const made = make();
    this.#nodes.set(id, made);
    return made;
  }

  /** Narrows the tree to rows with this text; empty: everything. */
  setFilter(text: string): void {
    this.#filter = text.trim().toLowerCase();
    this.#nodes.clear();
    setContext(contextKeys.isFiltered, this.#filter !== "");
    this.#changed.fire(undefined);
  }

  /** Reads a row and what is below it again; all of it without one. */
  async refresh(node?: TreeNode): Promise<void> {
    const reloadable = nearest(node, (candidate) => candidate.reload !== undefined);
    if (reloadable) {
      await reloadable.reload?.();
      this.#changed.fire(reloadable);
      return;
    }
    this.estate.forget();
    this.reports.forget();
    this.#nodes.clear();
    this.#changed.fire(undefined);
  }

  /** Something inside a cluster or vault has changed: its row, where there is one, is drawn anew. */
  resourceChanged(id: string): void {
    this.#nodes.get(`${this.#filter} ${id.toLowerCase()}`)?.forget?.();
    this.#fire(id);
  }

  async roots(): Promise<readonly TreeNode[]> {
    if (this.estate.chosenSubscriptions()?.length === 0) {
      return this.#nothing("noneSelected");
    }
    const view = await this.#firstPage();
    this.input.header.description = this.input.describeAccount() ?? "";
    if (!view) {
      return this.#nothing("signedOut");
    }
    return this.#rootsOf(view);
  }

  failureRow(parent: TreeNode | undefined, error: unknown): TreeNode | undefined {
    if (!parent && !isAbort(error)) {
      setContext(contextKeys.treeState, "ready" satisfies TreeState);
    }
    return isAbort(error) ? undefined : new FailureNode(parent, error);
  }

  dispose(): void {
    this.#listening.dispose();
    this.#changed.dispose();
  }

  /** Undefined: nobody is signed in. */
  async #firstPage(): Promise<EstateView | undefined> {
    try {
      return await this.estate.firstPage();
    } catch (error) {
      if (hasCode(error, "notSignedIn")) {
        return undefined;
      }
      throw error;
    }
  }

  #rootsOf(view: EstateView): readonly TreeNode[] {
    const rows = [...this.#subscriptionRows(view.estate), ...partsMissing(view.estate)];
    if (view.isComplete) {
      return rows.length > 0 ? this.#ready(rows) : this.#nothing(whyNothing(view.estate, this.#filter));
    }
    const reading = new MessageNode(undefined, {
      key: "reading",
      text: vscode.l10n.t("Reading more…"),
      icon: icon("loading~spin"),
    });
    return this.#ready([...rows, reading]);
  }

  #subscriptionRows(estate: Estate): readonly TreeNode[] {
    const isEmpty = estate.clusters.length === 0 && estate.vaults.length === 0;
    if (isEmpty && estate.missing.length === 0) {
      return [];
    }
    const tenantIds = new Set(estate.subscriptions.map(({ tenantId }) => tenantId));
    if (tenantIds.size < 2) {
      return this.#subscriptionsOf(undefined, undefined);
    }
    const tenants = [...tenantIds].map(
      (id) => estate.tenants.find((tenant) => tenant.id === id) ?? { id, name: undefined },
    );
    return tenants
      .map((tenant) =>
        this.node(
          `/tenants/${tenant.id}`,
          () => new TenantNode(tenant, (parent) => this.#subscriptionsOf(tenant.id, parent)),
        ),
      )
      .filter((tenant) => tenant.children().length > 0);
  }

  #subscriptionsOf(tenantId: string | undefined, parent: TreeNode | undefined): readonly TreeNode[] {
    const chosen = this.estate.chosenSubscriptions();
    return (this.estate.view?.estate.subscriptions ?? [])
      .filter((one) => (tenantId === undefined || one.tenantId === tenantId) && (!chosen || chosen.includes(one.id)))
      .map((one) =>
        this.node(`${parent?.id ?? ""}/subscriptions/${one.id}`, () => new SubscriptionNode(parent, one, this)),
      )
      .filter(isShown);
  }

  #ready(rows: readonly TreeNode[]): readonly TreeNode[] {
    setContext(contextKeys.treeState, "ready" satisfies TreeState);
    this.input.header.message = this.#filter === "" ? "" : vscode.l10n.t('Only what contains "{0}"', this.#filter);
    return rows;
  }

  #nothing(state: TreeState): readonly TreeNode[] {
    setContext(contextKeys.treeState, state);
    // A message would stand in the place of the welcome.
    this.input.header.message = "";
    return [];
  }

  /** Without an id everything is drawn again; a row that nobody has opened need not be. */
  #fire(id: string | undefined): void {
    if (id === undefined) {
      this.#changed.fire(undefined);
      return;
    }
    const node = this.#nodes.get(`${this.#filter} ${id.toLowerCase()}`);
    if (node) {
      this.#changed.fire(node);
    }
  }
}

function whyNothing(estate: Estate, filter: string): TreeState {
  if (estate.subscriptions.length === 0) {
    return "noSubscriptions";
  }
  return filter === "" ? "empty" : "nothingMatches";
}

/** What no subscription's row can tell. */
function partsMissing(estate: Estate): readonly TreeNode[] {
  const known = new Set(estate.subscriptions.map(({ id }) => id));
  const isHomeless = ({ subscriptionId }: MissingPart) =>
    subscriptionId === undefined || !known.has(subscriptionId.toLowerCase());
  return estate.missing
    .filter(isHomeless)
    .map(({ what, error }) => new FailureNode(undefined, error, { key: what, label: what }));
}

function nearest(node: TreeNode | undefined, isIt: (node: TreeNode) => boolean): TreeNode | undefined {
  for (let candidate = node; candidate; candidate = candidate.parent) {
    if (isIt(candidate)) {
      return candidate;
    }
  }
  return undefined;
}

function setContext(key: string, value: unknown): void {
  void vscode.commands.executeCommand("setContext", key, value);
}
