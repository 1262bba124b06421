import { get } from "node:https";

export interface Asked {
  readonly plane: string;
  readonly method: string;
  readonly path: string;
}

/** What the sandbox was asked, by its control address. By `node:https`: VS Code's own `fetch` does not read NODE_EXTRA_CA_CERTS. */
export function readJournal(): Promise<readonly Asked[]> {
  return new Promise((resolve, reject) => {
    get(`${process.env["KEY_VAULT_CSI_CONTROL"] ?? ""}/requests`, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        resolve(JSON.parse(text) as Asked[]);
      });
    }).on("error", reject);
  });
}

/** Looks into the journal until it shows what is waited for. */
export async function waitForJournal(isThere: (asked: readonly Asked[]) => boolean): Promise<readonly Asked[]> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const asked = await readJournal();
    if (isThere(asked) || Date.now() > giveUpAt) {
      return asked;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const graphQueries = (asked: readonly Asked[]): number =>
  asked.filter(({ path }) => path.includes("Microsoft.ResourceGraph")).length;
