/** Counts what turning the add-on on asks of Resource Manager. */
import { startAzureBench } from "../unit/services/azure/support/azureBench.ts";
import type { Result } from "./result.ts";

export async function measureEnable(): Promise<Result[]> {
  const { sandbox, services } = await startAzureBench();
  try {
    const cluster = sandbox.addCluster({ name: "web" });
    const enabled = await services.managedClusters.enableKeyVaultCsi(cluster.id, undefined);
    const asked = sandbox
      .requests({ plane: "arm" })
      .map(({ method, path }) => (/\/operations\//i.test(path) ? "poll" : method));
    const polls = asked.filter((one) => one === "poll").length;
    const others = asked.filter((one) => one !== "poll").join(" + ");
    const isExact = others === "GET + PUT + GET" && enabled.keyVaultCsi.isEnabled && asked.at(-1) === "GET";
    return [
      {
        what: "turning the add-on on",
        measured: others.replace("PUT +", `PUT + ${polls} polls +`),
        goal: "1 GET + 1 PUT + polls + 1 GET",
        isMet: isExact,
        isHard: true,
      },
    ];
  } finally {
    await sandbox.close();
  }
}
