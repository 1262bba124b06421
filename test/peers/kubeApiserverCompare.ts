/** Sends the same requests to two API servers and tells where their answers differ, once what no two servers share is taken out. */
import type { Answer, ApiServer } from "./kubeApiserver.ts";
import { send } from "./kubeApiserver.ts";

/** Answers of the case so far, on one server. */
export type Seen = readonly Answer[];

export interface Step {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string | ((seen: Seen) => string);
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** A token of this server; its administrator's unless told. */
  readonly token?: (seen: Seen) => string;
}

export interface Case {
  readonly title: string;
  readonly steps: readonly Step[];
  /** So many of the first steps only prepare: other cases compare their answers. */
  readonly background?: number;
}

/** An answer, or a part of one, that is not the same on purpose. */
export interface KnownDifference {
  /** How the case's title begins. */
  readonly title: string;
  /** Where in the answer: how the path begins. */
  readonly path: string;
  readonly reason: string;
}

export interface Difference {
  readonly title: string;
  readonly step: string;
  readonly path: string;
  readonly real: unknown;
  readonly sandbox: unknown;
}

/** @returns what differs, and of how many answers */
export async function compare(
  { title, steps, background = 0 }: Case,
  real: ApiServer,
  sandbox: ApiServer,
): Promise<{ readonly requests: number; readonly differences: readonly Difference[] }> {
  const [ofReal, ofSandbox] = await Promise.all([run(steps, real), run(steps, sandbox)]);
  const [inReal, inSandbox] = [withRanks(ofReal), withRanks(ofSandbox)];
  const differences = steps.flatMap((step, index) => {
    const [expected, found] = index < background ? [] : [inReal[index], inSandbox[index]];
    const name = `${index + 1}: ${step.method} ${typeof step.url === "string" ? step.url : "…"}`;
    return differ(view(expected), view(found)).map((difference) => ({ title, step: name, ...difference }));
  });
  return { requests: steps.length - background, differences };
}

async function run(steps: readonly Step[], server: ApiServer): Promise<Seen> {
  const seen: Answer[] = [];
  for (const { method, url, body, headers, token } of steps) {
    seen.push(
      await send(server, method, typeof url === "string" ? url : url(seen), {
        ...(body !== undefined && {
          body: typeof body === "function" ? (body as (seen: Seen) => unknown)(seen) : body,
        }),
        ...(headers && { headers }),
        ...(token && { token: token(seen) }),
      }),
    );
  }
  return seen;
}

interface View {
  readonly status: number | undefined;
  readonly media?: string;
  readonly warning?: unknown;
  readonly body: unknown;
}

function view(answer: Answer | undefined): View {
  const media = String(answer?.headers["content-type"] ?? "").split(";")[0];
  const warning = answer?.headers["warning"];
  return {
    status: answer?.status,
    ...(media !== "" && { media }),
    ...(warning && { warning }),
    body: plain(bodyOf(answer)),
  };
}

/** JSON, the lines of a watch, or text. */
function bodyOf(answer: Answer | undefined): unknown {
  if (answer?.body !== undefined) {
    return answer.body;
  }
  const lines = (answer?.text ?? "").trim().split("\n");
  return lines.every((line) => line.startsWith('{"type":'))
    ? lines.map((line) => JSON.parse(line) as unknown)
    : answer?.text;
}

/** Numbers of versions are chance, their order in a case is not: each becomes its place among those that objects of the case have had. */
function withRanks(seen: Seen): readonly Answer[] {
  const versions = new Set<number>();
  const bodies = seen.map((answer) => bodyOf(answer));
  bodies.forEach((body) => visitVersions(body, (version) => void versions.add(Number(version))));
  const order = [...versions].sort((a, b) => a - b);
  return seen.map((answer, index) => {
    const body = structuredClone(bodies[index]);
    visitVersions(body, (version) => `<version ${order.indexOf(Number(version)) + 1}>`);
    return { ...answer, body };
  });
}

/** Of objects that have a name: a list's version moves with everything that is stored. */
function visitVersions(value: unknown, visit: (version: string) => string | undefined): void {
  if (Array.isArray(value)) {
    value.forEach((item) => visitVersions(item, visit));
  } else if (isRecord(value)) {
    const { name, resourceVersion } = value;
    if (typeof name === "string" && typeof resourceVersion === "string") {
      value["resourceVersion"] = visit(resourceVersion) ?? resourceVersion;
    }
    Object.values(value).forEach((item) => visitVersions(item, visit));
  }
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** Without what is chance: ids, times, revisions, tokens. */
function plain(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    return ordered(value, key).map((item) => plain(item, key === "cells" ? "cell" : ""));
  }
  if (isRecord(value)) {
    // A column's description is the documentation of its field.
    const kept = Object.entries(value).filter(([name]) => name !== "description" || !("priority" in value));
    return Object.fromEntries(kept.map(([name, one]) => [name, plain(one, name)]));
  }
  return typeof value === "string" ? plainText(value, key) : value;
}

/** The kinds of a group and the conflicts of an apply come in the order of a map in Go: in any. */
function ordered(list: readonly unknown[], key: string): readonly unknown[] {
  const sortKey = (one: unknown): string => (isRecord(one) ? `${String(one["name"])} ${String(one["field"])}` : "");
  const isAnyOrder =
    key === "resources" ||
    (key === "causes" && list.every((one) => isRecord(one) && one["reason"] === "FieldManagerConflict"));
  return isAnyOrder ? [...list].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)) : list;
}

const chance: readonly (readonly [RegExp, string])[] = [
  [uuid, "<uid>"],
  [time, "<time>"],
  [/(too old resource version: |Too large resource version: |current: )\d+( \(\d+\))?/g, "$1<n>"],
  [/(Bad_)[a-z0-9]{5}/g, "$1<x>"],
  [/in scheme \S+/g, "in scheme <place>"],
  [/(record \()\d+\)/g, "$1<n>)"],
  // The object as JSON in JSON, in an order of its own.
  [/Invalid value: "\{\\".*\}": /g, 'Invalid value: "<object>": '],
  [/kube-api-access-[a-z0-9]{5}/g, "kube-api-access-<x>"],
];

function plainText(text: string, key: string): string {
  if ((key === "resourceVersion" && /^\d+$/.test(text)) || key === "continue" || key === "token") {
    return text === "" ? "" : `<${key}>`;
  }
  if (key === "cell" && /^\d+[smh](\d+s)?$/.test(text)) {
    return "<age>";
  }
  return chance.reduce((shown, [pattern, replacement]) => shown.replace(pattern, replacement), text);
}

/** Answers of another status have nothing in common but what they say. */
function differ(real: View, sandbox: View): readonly Omit<Difference, "title" | "step">[] {
  return real.status === sandbox.status
    ? unequal("", real, sandbox)
    : [
        {
          path: "status",
          real: `${real.status} ${messageOf(real)}`,
          sandbox: `${sandbox.status} ${messageOf(sandbox)}`,
        },
      ];
}

function messageOf({ body }: View): string {
  return isRecord(body) ? String(body["message"] ?? body["kind"]) : String(body);
}

function unequal(path: string, real: unknown, sandbox: unknown): readonly Omit<Difference, "title" | "step">[] {
  if (Array.isArray(real) && Array.isArray(sandbox) && real.length === sandbox.length) {
    return real.flatMap((item, index) => unequal(`${path}[${index}]`, item, sandbox[index]));
  }
  if (isRecord(real) && isRecord(sandbox)) {
    return [...new Set([...Object.keys(real), ...Object.keys(sandbox)])].flatMap((key) =>
      unequal(path === "" ? key : `${path}.${key}`, real[key], sandbox[key]),
    );
  }
  return JSON.stringify(real) === JSON.stringify(sandbox) ? [] : [{ path, real, sandbox }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text of a difference, for people. */
export function explain({ title, step, path, real, sandbox }: Difference): string {
  return `${title}\n  ${step}\n  ${path}\n    kube-apiserver: ${JSON.stringify(real)}\n    sandbox:        ${JSON.stringify(sandbox)}`;
}
