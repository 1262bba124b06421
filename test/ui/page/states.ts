import type { Page } from "playwright-core";

import type { Handlers, WizardRequests } from "../../../src/wizard/protocol.ts";
import { ServiceError } from "../../../src/services/errors.ts";
import { blockedPreview, doneRun, failedRun, runningRun, scenario, stoppedRun } from "./scenario.ts";
import { provedRun, undoingRun } from "./scenario.ts";

/** Something the page can look like, and how one gets there. */
export interface PageState {
  readonly name: string;
  readonly handlers: Handlers<WizardRequests>;
  readonly reach: (page: Page) => Promise<void>;
}

export async function goOn(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Continue" }).click();
}

async function heading(page: Page, name: string): Promise<void> {
  await page.getByRole("heading", { name }).waitFor();
}

export async function toAddon(page: Page, cluster = "myAKSCluster"): Promise<void> {
  await page.getByRole("radio", { name: cluster }).check();
  await goOn(page);
  await heading(page, "Key Vault CSI add-on");
  await page.getByRole("group", { name: "Secret rotation" }).waitFor();
}

export async function toVault(page: Page): Promise<void> {
  await toAddon(page);
  await goOn(page);
  await heading(page, "Choose a key vault");
}

export async function toSecret(page: Page): Promise<void> {
  await toVault(page);
  await page.getByRole("radio", { name: "contoso-kv" }).check();
  await goOn(page);
  await heading(page, "Put a secret in the vault");
}

export async function toAccess(page: Page, value = "not-so-secret"): Promise<void> {
  await toSecret(page);
  await page.getByLabel("Name").fill("db-password");
  await page.getByLabel("Value", { exact: true }).fill(value);
  await goOn(page);
  await heading(page, "Let pods get at it");
}

export async function toClass(page: Page): Promise<void> {
  await toAccess(page);
  await goOn(page);
  await heading(page, "Write a SecretProviderClass");
}

/** From the step after the vault's on: nothing more has to be chosen. */
export async function onToReview(page: Page): Promise<void> {
  await heading(page, "Let pods get at it");
  await goOn(page);
  await heading(page, "Write a SecretProviderClass");
  await goOn(page);
  await heading(page, "Review");
}

export async function toReview(page: Page, value = "not-so-secret"): Promise<void> {
  await toAccess(page, value);
  await onToReview(page);
}

const withRun = (run: typeof runningRun) => scenario({ load: () => ({ run, maxSecretBytes: 25_600 }) });

const fail = () => {
  throw new ServiceError("unreachable", "Azure Resource Manager did not answer.");
};

export const pageStates: readonly PageState[] = [
  {
    name: "clusters",
    handlers: scenario(),
    reach: (page) => page.getByRole("radio", { name: "myAKSCluster" }).check(),
  },
  {
    name: "no clusters, something missing",
    handlers: scenario({
      listClusters: () => ({ isLoading: false, total: 0, found: 0, missing: ["Tenant Fabrikam: no"], clusters: [] }),
    }),
    reach: (page) => page.getByText("Not everything could be read").click(),
  },
  {
    name: "clusters loading",
    handlers: scenario({ listClusters: () => ({ isLoading: true, total: 0, found: 0, missing: [], clusters: [] }) }),
    reach: (page) => page.getByText("Loading…").waitFor(),
  },
  {
    name: "clusters failed",
    handlers: scenario({ listClusters: fail }),
    reach: (page) => page.getByRole("button", { name: "Retry" }).waitFor(),
  },
  {
    name: "no cluster chosen",
    handlers: scenario(),
    async reach(page) {
      await page.getByRole("radio", { name: "myAKSCluster" }).waitFor();
      await goOn(page);
      await page.getByText("Choose a cluster.").waitFor();
    },
  },
  {
    name: "add-on off, wrong interval",
    handlers: scenario(),
    async reach(page) {
      await toAddon(page);
      await page.getByRole("radio", { name: "On", exact: true }).check();
      await page.getByLabel("Poll interval").fill("2 min");
      await page.getByText("Write the interval").waitFor();
    },
  },
  { name: "add-on on", handlers: scenario(), reach: (page) => toAddon(page, "web") },
  { name: "add-on updating", handlers: scenario(), reach: (page) => toAddon(page, "batch") },
  {
    name: "add-on of a private cluster out of reach",
    handlers: scenario({ checkClusterReach: () => ({ kind: "unreachable", message: "No line to the cluster." }) }),
    async reach(page) {
      await toAddon(page, "inner");
      await page.getByText("No line to the cluster.").waitFor();
    },
  },
  {
    name: "stopped cluster",
    handlers: scenario(),
    async reach(page) {
      await page.getByRole("radio", { name: "asleep" }).check();
      await goOn(page);
      await page.getByText("The cluster is stopped").waitFor();
    },
  },
  {
    name: "existing vault that keeps this machine out",
    handlers: scenario({ getVault: () => ({ usesRbac: false, closedMessage: "Address not authorized: 10.1.2.3." }) }),
    async reach(page) {
      await toVault(page);
      await page.getByRole("radio", { name: "walled-kv" }).check();
      await page.getByText("10.1.2.3").waitFor();
    },
  },
  {
    name: "new vault with a deleted namesake",
    handlers: scenario({ checkVaultName: () => ({ kind: "deleted", location: "eastus2", canPurge: false }) }),
    async reach(page) {
      await toVault(page);
      await page.getByRole("radio", { name: "A new vault" }).check();
      await page.getByText("can still be recovered").waitFor();
    },
  },
  {
    name: "new vault in a new resource group",
    handlers: scenario({ checkGroupName: () => ({ problem: "The name may not end with a period." }) }),
    async reach(page) {
      await toVault(page);
      await page.getByRole("radio", { name: "A new vault" }).check();
      await page.getByLabel("Resource group", { exact: true }).selectOption("New resource group…");
      await page.getByLabel("Name of the new resource group").fill("mine.");
      await page.getByText("may not end with a period").waitFor();
    },
  },
  {
    name: "secret",
    handlers: scenario({ checkSecretName: () => ({ kind: "deleted" }) }),
    async reach(page) {
      await toSecret(page);
      await page.getByLabel("Name").fill("db-password");
      await page.getByText("More options").click();
      await page.getByText("can still be recovered").waitFor();
      await goOn(page);
      await page.getByText("Decide about the deleted one").waitFor();
    },
  },
  {
    name: "access by workload identity, wrong namespace",
    handlers: scenario({ listNamespaces: () => ({ namespaces: [], missing: "No line to the cluster." }) }),
    async reach(page) {
      await toAccess(page);
      await page.getByText("No line to the cluster.").waitFor();
      await page.getByLabel("Namespace").fill("My Store");
      await page.getByText("Use lower-case letters").waitFor();
    },
  },
  {
    name: "access by the add-on's identity",
    handlers: scenario(),
    async reach(page) {
      await toAccess(page);
      await page.getByRole("radio", { name: "The add-on's identity" }).check();
      await page.getByText("Every pod of the cluster can use it").waitFor();
    },
  },
  {
    name: "access by an identity on the nodes",
    handlers: scenario(),
    async reach(page) {
      await toAccess(page);
      await page.getByRole("radio", { name: "An own identity on every node pool" }).check();
      await page.getByText("Every pod on a node can use it").waitFor();
      await page.getByLabel("Managed identity").selectOption("web-reader (myResourceGroup)");
    },
  },
  {
    name: "class",
    handlers: scenario(),
    async reach(page) {
      await toClass(page);
      await page.getByText("More options").click();
      await page.getByLabel("Also make a Kubernetes Secret").fill("Wrong");
      await page.getByText("Use lower-case letters").waitFor();
      await page.getByText("kind: SecretProviderClass").waitFor();
    },
  },
  {
    name: "class without access",
    handlers: scenario(),
    async reach(page) {
      await toAccess(page);
      await page.getByRole("radio", { name: "Not now" }).check();
      await goOn(page);
      await page.getByText("Without access for pods").waitFor();
    },
  },
  {
    name: "review",
    handlers: scenario(),
    async reach(page) {
      await toReview(page);
      await page.getByText("Commands", { exact: true }).first().click();
    },
  },
  { name: "blocked review", handlers: scenario({ preview: () => blockedPreview }), reach: (page) => toReview(page) },
  { name: "run", handlers: withRun(runningRun), reach: (page) => heading(page, "Applying") },
  { name: "failed run", handlers: withRun(failedRun), reach: (page) => heading(page, "It did not go through") },
  { name: "stopped run", handlers: withRun(stoppedRun), reach: (page) => heading(page, "Stopped") },
  {
    name: "proved result, asking before it is taken back",
    handlers: withRun(provedRun),
    async reach(page) {
      await page.getByRole("button", { name: "Take Back What This Plan Made…" }).click();
      await page.getByRole("heading", { name: "Take this back?" }).waitFor();
    },
  },
  { name: "taking back", handlers: withRun(undoingRun), reach: (page) => heading(page, "Taking back") },
  { name: "result", handlers: withRun(doneRun), reach: (page) => page.getByText("of 3 nodes healthy").click() },
];
