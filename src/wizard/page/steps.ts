import type { WizardStep } from "./step.ts";
import { accessStep } from "./steps/access.ts";
import { addonStep } from "./steps/addon.ts";
import { classStep } from "./steps/class.ts";
import { clusterStep } from "./steps/cluster.ts";
import { reviewStep } from "./steps/review.ts";
import { secretStep } from "./steps/secret.ts";
import { vaultStep } from "./steps/vault.ts";

/** The wizard's steps in their order. The last one applies. */
export const steps: readonly WizardStep[] = [
  clusterStep,
  addonStep,
  vaultStep,
  secretStep,
  accessStep,
  classStep,
  reviewStep,
];
