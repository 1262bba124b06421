/** What both API servers are asked, in this order: later cases build on what earlier ones made. */
import { applies, deletes, updates } from "./kubeApiserverChanges.ts";
import type { Case } from "./kubeApiserverCompare.ts";
import { creates, workloads } from "./kubeApiserverCreates.ts";
import { discovery, reads, tables, watches } from "./kubeApiserverReads.ts";
import { rights } from "./kubeApiserverRights.ts";

export const cases: readonly Case[] = [
  ...reads,
  ...tables,
  ...creates,
  ...updates,
  ...applies,
  ...deletes,
  ...workloads,
  ...rights,
  ...discovery,
  ...watches,
];
