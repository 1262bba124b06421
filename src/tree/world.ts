import type { Services } from "../services/services.ts";
import type { DriverReports } from "./driverReports.ts";
import type { EstateReader } from "./estateReader.ts";
import type { TreeNode } from "./node.ts";

/** What nodes look things up in. */
export interface TreeWorld {
  readonly estate: EstateReader;
  readonly reports: DriverReports;
  services(): Promise<Services>;
  /** What the person has typed to narrow the tree, lower case; empty: everything. */
  readonly filter: string;
  /** Gives the node of an id, and makes it the first time: VS Code knows a row by its object. */
  node<T extends TreeNode>(id: string, make: () => T): T;
}

/** Whether a row has the filter's text in one of these words. */
export function fits(filter: string, ...words: readonly string[]): boolean {
  return filter === "" || words.some((word) => word.toLowerCase().includes(filter));
}
