import type { DriverResult, ProofResult, RunResult } from "../protocol.ts";
import { button, message } from "./controls.ts";
import { h, type Child } from "./dom.ts";
import type { RunActions } from "./runScreen.ts";
import { yamlPart } from "./steps/class.ts";
import { text, type TextKey } from "./texts.ts";

type Actions = Pick<RunActions, "copy" | "openLink">;

/** What a SecretProviderClass needs, how the driver is, and what to do next. */
export function resultPart(result: RunResult, actions: Actions): HTMLElement {
  return h(
    "div",
    { class: "result" },
    result.proof && proofPart(result.proof),
    result.classYaml !== undefined && classPart(result.classYaml, actions),
    detailsPart(result, actions),
    result.driver && driverPart(result.driver),
    ...result.missing.map((sentence) => message("warning", sentence)),
    nextPart(result, actions),
  );
}

function proofPart({ namespace, files }: ProofResult): HTMLElement {
  const rows = files.map(({ name, sizeBytes, version, isCurrent, hash }) =>
    h(
      "li",
      {},
      h("code", { class: "row-name" }, name),
      h("p", { class: "note" }, text("proofFile", sizeBytes, hash)),
      version !== undefined && h("p", { class: "note" }, text("proofVersion"), " ", h("code", {}, version)),
      isCurrent === false && message("warning", text("proofStale")),
    ),
  );
  return h(
    "section",
    {},
    h("h3", {}, text("proof")),
    message("good", text("proofDone", namespace)),
    h("ul", { class: "nodes" }, ...rows),
    h("p", { class: "note" }, text("proofNote")),
  );
}

function classPart(yaml: string, actions: Actions): HTMLElement {
  const copy = button(
    text("copy"),
    () => {
      actions.copy(text("classYaml"), yaml);
    },
    { "aria-label": text("copyNamed", text("classYaml")), class: "small" },
  );
  return h("section", {}, h("h3", {}, text("classYaml")), yamlPart(text("classYaml"), yaml), copy);
}

const details = [
  ["objectName", "objectName"],
  ["objectType", "objectType"],
  ["vaultName", "vaultNameDetail"],
  ["tenantId", "tenantId"],
  ["identityClientId", "identityClientId"],
  ["identityObjectId", "identityObjectId"],
] as const satisfies readonly (readonly [keyof RunResult, TextKey])[];

function detailsPart(result: RunResult, actions: Actions): HTMLElement {
  const known = details.flatMap(([key, label]) => {
    const value = result[key];
    return value === undefined ? [] : [{ label: text(label), value }];
  });
  const all = known.map(({ label, value }) => `${label}: ${value}`).join("\n");
  return h(
    "section",
    {},
    h("h3", {}, text("connectionDetails")),
    h("p", { class: "note" }, text("resultIntro")),
    h("dl", { class: "details" }, ...known.map(({ label, value }) => detailRow(label, value, actions))),
    button(text("copyAll"), () => {
      actions.copy(text("connectionDetails"), all);
    }),
  );
}

function detailRow(label: string, value: string, actions: Actions): HTMLElement {
  const copy = button(
    text("copy"),
    () => {
      actions.copy(label, value);
    },
    { "aria-label": text("copyNamed", label), class: "small" },
  );
  return h("div", { class: "detail" }, h("dt", {}, label), h("dd", {}, h("code", {}, value), copy));
}

const verdicts = {
  healthy: { label: "nodeHealthy", badge: "on" },
  pending: { label: "nodePending", badge: "busy" },
  broken: { label: "nodeBroken", badge: "bad" },
} as const satisfies Record<string, { label: TextKey; badge: string }>;

function driverPart({ verdict, summary, nodes }: DriverResult): HTMLElement {
  const rows = nodes.map(({ name, verdict: nodeVerdict, reason }) => {
    const { label, badge } = verdicts[nodeVerdict];
    return h(
      "li",
      {},
      h("span", { class: "row-name" }, name),
      " ",
      h("span", { class: `badge badge-${badge}` }, text(label)),
      reason !== undefined && h("p", { class: "note" }, reason),
    );
  });
  return h(
    "section",
    {},
    h("h3", {}, text("driver")),
    message(verdict === "healthy" ? "good" : "warning", summary),
    nodes.length > 0 && h("details", {}, h("summary", {}, nodeCount(nodes)), h("ul", { class: "nodes" }, ...rows)),
  );
}

function nodeCount(nodes: DriverResult["nodes"]): string {
  return text("nodes", nodes.filter(({ verdict }) => verdict === "healthy").length, nodes.length);
}

function nextPart({ classYaml }: RunResult, { openLink }: Actions): HTMLElement {
  const link = (key: TextKey, name: Parameters<Actions["openLink"]>[0]): Child =>
    h(
      "li",
      {},
      button(
        text(key),
        () => {
          openLink(name);
        },
        { class: "link" },
      ),
    );
  return h(
    "section",
    {},
    h("h3", {}, text("whatNext")),
    h(
      "ul",
      { class: "next" },
      ...(classYaml === undefined
        ? [link("nextAccess", "accessDocs"), link("nextClass", "workloadDocs")]
        : [link("nextWorkload", "workloadDocs")]),
      link("docsAddon", "addonDocs"),
    ),
  );
}
