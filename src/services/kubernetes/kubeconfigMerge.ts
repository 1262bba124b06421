import { isMap, isScalar, isSeq, parseDocument, YAMLSeq, type Document, type Node, type YAMLMap } from "yaml";

import { ServiceError } from "../errors.ts";
import { t } from "../l10n.ts";

const sections = ["clusters", "users", "contexts"] as const;

/** What came of a merge. */
export interface MergedKubeconfig {
  readonly text: string;
  /** The current context by now: that of the added kubeconfig. */
  readonly context: string;
}

/**
 * Adds the clusters, users and contexts of one kubeconfig to another, as `az aks get-credentials` does: same names are replaced, its context becomes the
 * current one. Everything else stays, comments and order too.
 *
 * @param existing empty where there is no kubeconfig yet
 * @throws {ServiceError} `conflict` naming what differs under the same name, unless `overwrite`; `invalidRequest` when the existing text is not a kubeconfig
 * @see https://learn.microsoft.com/cli/azure/aks#az-aks-get-credentials
 */
export function mergeKubeconfig(
  existing: string,
  added: string,
  { overwrite }: { readonly overwrite: boolean },
): MergedKubeconfig {
  const target = readKubeconfigDocument(existing, t("Your kubeconfig"));
  const source = readKubeconfigDocument(added, t("The cluster's kubeconfig"));
  if (isEmpty(target)) {
    return { text: format(source), context: contextOf(source) };
  }
  const conflicts = sections.flatMap((section) => findConflicts(section, target, source));
  if (conflicts.length > 0 && !overwrite) {
    throw new ServiceError(
      "conflict",
      t("Your kubeconfig already has something else under the same name: {0}.", conflicts.join(", ")),
    );
  }
  for (const section of sections) {
    mergeSection(section, target, source);
  }
  target.set("current-context", contextOf(source));
  return { text: format(target), context: contextOf(source) };
}

/** As kubectl and az write: base64 never folded, lists not indented. */
function format(document: Document): string {
  return document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false });
}

function readKubeconfigDocument(text: string, what: string): Document {
  const document = parseDocument(text);
  // The parser's message may quote a key: only the place is passed on.
  const [error] = document.errors;
  if (error) {
    throw new ServiceError(
      "invalidRequest",
      t("{0} is not valid YAML (line {1}).", what, error.linePos?.[0].line ?? 1),
    );
  }
  if (!isEmpty(document) && !isMap(document.contents)) {
    throw new ServiceError("invalidRequest", t("{0} is not a kubeconfig.", what));
  }
  return document;
}

function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function contextOf(document: Document): string {
  const context = document.get("current-context");
  return typeof context === "string" ? context : "";
}

type Section = (typeof sections)[number];

function itemsOf(document: Document, section: Section): readonly YAMLMap[] {
  const list = document.get(section);
  return isSeq(list) ? list.items.filter((item): item is YAMLMap => isMap(item)) : [];
}

function find(document: Document, section: Section, name: unknown): YAMLMap | undefined {
  return itemsOf(document, section).find((item) => item.get("name") === name);
}

/** As messages name it: `user "clusterUser_rg_web"`. */
function findConflicts(section: Section, target: Document, source: Document): readonly string[] {
  return itemsOf(source, section).flatMap((item) => {
    const name = item.get("name");
    const known = find(target, section, name);
    const isSame = known === undefined || canonical(known, target) === canonical(item, source);
    return isSame ? [] : [`${section.slice(0, -1)} "${String(name)}"`];
  });
}

/** Equal for equal content, whatever the order of keys and the style. */
function canonical(node: Node, document: Document): string {
  return JSON.stringify(node.toJS(document), (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b)))
      : value,
  );
}

function mergeSection(section: Section, target: Document, source: Document): void {
  const added = itemsOf(source, section);
  if (added.length > 0 && !isSeq(target.get(section))) {
    // A new file of kubectl has `clusters: null`.
    target.set(section, new YAMLSeq());
  }
  const list = target.get(section);
  if (!isSeq(list)) {
    return;
  }
  for (const item of added) {
    const known = find(target, section, item.get("name"));
    if (known === undefined) {
      list.add(target.createNode(item.toJS(source)));
    } else if (canonical(known, target) !== canonical(item, source)) {
      replace(known, target.createNode(item.toJS(source)) as YAMLMap);
    }
  }
}

/** The entry keeps its place and the comment above it. */
function replace(known: YAMLMap, fresh: YAMLMap): void {
  known.items = fresh.items;
}
