/** Reads a large estate, against fetching and parsing the same pages. */
import { cacheTokens } from "../../src/host/credentialCache.ts";
import { environmentMethod } from "../../src/host/credentialMethods.ts";
import type { Cloud } from "../../src/services/azure/cloud.ts";
import type { Estate } from "../../src/services/azure/inventory.ts";
import { createServices } from "../../src/services/services.ts";
import { startChild } from "./childProcess.ts";
import type { CloudReady } from "./cloudProcess.ts";
import { collectGarbage, compete, fetchAndParse } from "./contest.ts";
import type { Asked } from "./recorder.ts";
import { mb, ms, type Result } from "./result.ts";

export interface EstateSize {
  readonly subscriptions: number;
  readonly clusters: number;
  readonly vaults: number;
}

const none = (): void => undefined;
export const silent = { trace: none, debug: none, info: none, warn: none, error: none };

export function cloudAt(origin: string, { keyVaultAudience, keyVaultSuffix }: CloudReady): Cloud {
  return {
    name: "custom",
    resourceManager: origin,
    resourceManagerAudience: origin,
    authority: origin,
    keyVaultAudience,
    keyVaultSuffix,
    portal: undefined,
    secretProviderClassCloudName: undefined,
  };
}

export async function measureInventory(size: EstateSize, rounds: number): Promise<Result[]> {
  const sizes = [size.subscriptions, size.clusters, size.vaults].map(String);
  const cloudProcess = await startChild<CloudReady>("cloudProcess.ts", ["estate", ...sizes]);
  const recorder = await startChild<string>("recorder.ts", [cloudProcess.ready.resourceManager]);
  try {
    const origin = recorder.ready;
    const { tenantId, clientId, clientSecret } = cloudProcess.ready;
    const cloud = cloudAt(origin, cloudProcess.ready);
    const environment = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret };
    const credential = cacheTokens(environmentMethod(cloud, environment));
    const { inventory } = createServices({ cloud, credential, log: silent });
    const token = (await credential.getToken(`${origin}/.default`))?.token ?? "";

    await inventory.readEstate();
    await recorder.ask("asked");
    const memory = await measureMemory((onPage) => inventory.readEstate(undefined, onPage));
    const asked = (await recorder.ask<Asked[]>("asked")).filter(({ path }) => !path.includes("/oauth2/"));
    const firstRowsAfter = firstPageOf(memory.pages);
    const contest = await compete(
      () => inventory.readEstate(),
      () => fetchAndParse(origin, asked, token, () => "one after the other"),
      rounds,
    );
    return describe(size, asked, memory, firstRowsAfter, contest);
  } finally {
    await recorder.close();
    await cloudProcess.close();
  }
}

interface Memory {
  readonly estate: Estate;
  readonly heldBytes: number;
  readonly peakBytes: number;
  /** Rows known at each call of `onPage`. */
  readonly pages: readonly number[];
}

async function measureMemory(read: (onPage: (sofar: Estate) => void) => Promise<Estate>): Promise<Memory> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  let peak = before;
  const pages: number[] = [];
  const estate = await read((sofar) => {
    peak = Math.max(peak, process.memoryUsage().heapUsed);
    pages.push(sofar.clusters.length + sofar.vaults.length);
  });
  collectGarbage();
  const heldBytes = process.memoryUsage().heapUsed - before;
  return { estate, heldBytes, peakBytes: peak - before, pages };
}

/** How many pages of Resource Graph it took until there were rows to show. */
function firstPageOf(pages: readonly number[]): number {
  return pages.findIndex((rows) => rows > 0);
}

function describe(
  size: EstateSize,
  asked: readonly Asked[],
  { estate, heldBytes, peakBytes }: Memory,
  firstRowsAfter: number,
  { ratio, ratios, oursMs, theirsMs }: Awaited<ReturnType<typeof compete>>,
): Result[] {
  const rows = estate.clusters.length + estate.vaults.length;
  const graph = asked.filter(({ path }) => path.includes("ResourceGraph")).length;
  const isWhole = estate.clusters.length === size.clusters && estate.vaults.length === size.vaults;
  const title = `inventory, ${size.subscriptions} subscriptions, ${rows} clusters and vaults`;
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  return [
    {
      what: `${title}: Resource Graph requests`,
      measured: `${graph}, and ${asked.length - graph} others`,
      goal: `≤ ${Math.ceil(rows / 1000) + 1}`,
      isMet: isWhole && estate.missing.length === 0 && graph <= Math.ceil(rows / 1000) + 1,
      isHard: true,
    },
    {
      what: "… rows to show",
      measured: `after page ${firstRowsAfter}`,
      goal: "after page 1",
      isMet: firstRowsAfter === 1,
      isHard: true,
    },
    {
      what: "… against fetching and parsing the same recorded pages",
      measured: `${ratio.toFixed(2)} × (${spread}), ${ms(oursMs)} : ${ms(theirsMs)}`,
      goal: "< 1.5 ×",
      isMet: ratio < 1.5,
      isHard: false,
    },
    {
      what: "… growth of the heap",
      measured: `${mb(heldBytes)} held, ${mb(peakBytes)} at most while reading, garbage included`,
      goal: "< 150 MB",
      isMet: Math.max(heldBytes, peakBytes) < 150e6,
      isHard: false,
    },
  ];
}
