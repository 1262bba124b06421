import { alone, only } from "../host/ask.ts";
import { pickCluster } from "../host/pick.ts";
import type { ClusterSummary } from "../services/azure/inventory.ts";
import { glanceAt } from "../tree/clusterState.ts";
import type { App, Target } from "./command.ts";

/** The cluster a command is called on, or the one the person picks. */
export async function chooseCluster(
  app: App,
  target: Target,
  question: { readonly title: string; readonly placeholder: string },
): Promise<ClusterSummary> {
  if (target.subject?.kind === "cluster") {
    return target.subject.cluster;
  }
  const answer = await pickCluster(app.estate, {
    place: alone(question.title),
    placeholder: question.placeholder,
    describe: (cluster) => {
      const { text, icon } = glanceAt(cluster, app.reports.get(cluster.id));
      return { text, icon: icon.id };
    },
  });
  return only(answer);
}
