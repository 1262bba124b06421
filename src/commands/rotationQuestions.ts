import * as vscode from "vscode";

import { back } from "../host/ask.ts";
import type { Question } from "../host/ask.ts";
import { inputText, pickAmong } from "../host/dialogs.ts";
import type { ClusterSummary } from "../services/azure/inventory.ts";
import { parseGoDuration } from "../services/plan/duration.ts";

type Rotation = ClusterSummary["keyVaultCsi"]["rotation"];

/** Whether mounted secrets follow the vault, and how often it is asked. */
export const rotationQuestions: readonly Question<Rotation>[] = [
  {
    async ask(rotation, place) {
      const choices = [
        {
          label: vscode.l10n.t("Rotation off"),
          detail: vscode.l10n.t("Pods keep the value they mounted until they are restarted."),
          value: { isEnabled: false, pollInterval: rotation.pollInterval },
        },
        {
          label: vscode.l10n.t("Rotation on"),
          detail: vscode.l10n.t("Mounted files follow the vault. Each poll asks it for each secret of each pod."),
          value: { isEnabled: true, pollInterval: rotation.pollInterval },
        },
      ];
      const placeholder = vscode.l10n.t("Shall mounted secrets follow changes in the vault?");
      return pickAmong(place, placeholder, choices, (value) => value.isEnabled === rotation.isEnabled);
    },
  },
  {
    isAsked: (rotation) => rotation.isEnabled,
    async ask(rotation, place) {
      const pollInterval = await inputText({
        place,
        prompt: vscode.l10n.t("Rotation poll interval, such as 2m, 120s or 1h"),
        value: rotation.pollInterval,
        validate: (text) =>
          parseGoDuration(text) === undefined
            ? vscode.l10n.t("Write a duration such as 2m, 120s or 1h30m.")
            : undefined,
      });
      return pollInterval === back ? back : { isEnabled: true, pollInterval };
    },
  },
];
