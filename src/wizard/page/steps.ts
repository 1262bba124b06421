import type { WizardStep } from "./step.ts";
import { addonStep } from "./steps/addon.ts";
import { clusterStep } from "./steps/cluster.ts";
import { reviewStep } from "./steps/review.ts";
import { secretStep } from "./steps/secret.ts";
import { vaultStep } from "./steps/vault.ts";

/** The wizard's steps in their order. The last one applies. */
export const steps: readonly WizardStep[] = [clusterStep, addonStep, vaultStep, secretStep, reviewStep];
