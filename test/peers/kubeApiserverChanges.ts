/** What is replaced, patched, applied and deleted. */
import type { Case, Seen } from "./kubeApiserverCompare.ts";
import {
  core,
  maps,
  classes,
  get,
  post,
  put,
  remove,
  patch,
  apply,
  map,
  secretClass,
  pod,
  deployment,
  version,
} from "./kubeApiserverRequests.ts";

export const updates: readonly Case[] = [
  {
    title: "a replacement",
    steps: [
      post(maps, map("r1")),
      put(`${maps}/r1`, map("r1", { a: "2" })),
      { ...put(`${maps}/r1`, (seen: Seen) => map("r1", { a: "3" }, { resourceVersion: version(seen, 0) })) },
      { ...put(`${maps}/r1`, (seen: Seen) => map("r1", { a: "3" }, { resourceVersion: version(seen, 1) })) },
      put(`${maps}/r1`, map("other")),
      put(`${maps}/none`, map("none")),
      put(`${maps}/r1`, map("r1", {}, { uid: "11111111-1111-4111-8111-111111111111" })),
    ],
  },
  {
    title: "a replaced class",
    steps: [
      post(classes, secretClass("r1")),
      put(`${classes}/r1`, secretClass("r1", { provider: "azure" })),
      {
        ...put(`${classes}/r1`, (seen: Seen) => ({
          ...secretClass("r1", { provider: "x" }),
          metadata: { name: "r1", resourceVersion: version(seen, 0) },
        })),
      },
      {
        ...put(`${classes}/r1`, (seen: Seen) => ({
          ...secretClass("r1", { provider: "y" }),
          metadata: { name: "r1", resourceVersion: version(seen, 0) },
        })),
      },
      put(`${classes}/none`, secretClass("none")),
    ],
  },
  {
    title: "merge patches",
    steps: [
      post(maps, map("m1", { a: "1", b: "2" })),
      patch(`${maps}/m1`, "merge-patch+json", { data: { a: null, c: "3" } }),
      patch(`${maps}/m1`, "merge-patch+json", { data: { c: 3 } }),
      patch(`${maps}/m1`, "merge-patch+json", { metadata: { name: "other" } }),
      patch(`${maps}/m1`, "merge-patch+json", { metadata: { resourceVersion: "1" } }),
      patch(`${maps}/m1`, "merge-patch+json", {}),
      patch(`${maps}/none`, "merge-patch+json", {}),
      patch(`${maps}/m1`, "merge-patch+json", "["),
      patch(`${maps}/m1`, "merge-patch+json", []),
      patch(`${maps}/m1?fieldValidation=Strict`, "merge-patch+json", { spec: 1 }),
    ],
  },
  {
    title: "JSON patches",
    steps: [
      post(maps, map("j1", { a: "1" })),
      patch(`${maps}/j1`, "json-patch+json", [{ op: "add", path: "/data/b", value: "2" }]),
      patch(`${maps}/j1`, "json-patch+json", [{ op: "replace", path: "/data/none", value: "2" }]),
      patch(`${maps}/j1`, "json-patch+json", [{ op: "test", path: "/data/a", value: "9" }]),
      patch(`${maps}/j1`, "json-patch+json", [{ op: "remove", path: "/data/none" }]),
      patch(`${maps}/j1`, "json-patch+json", {}),
      patch(`${maps}/j1`, "json-patch+json", [{ op: "dance", path: "/data/a" }]),
    ],
  },
  {
    title: "strategic merge patches",
    steps: [
      post("/apis/apps/v1/namespaces/conformance/deployments", deployment("sm")),
      patch("/apis/apps/v1/namespaces/conformance/deployments/sm?dryRun=All", "strategic-merge-patch+json", {
        spec: {
          template: {
            spec: {
              containers: [
                { name: "main", image: "nginx" },
                { name: "side", image: "busybox" },
              ],
            },
          },
        },
      }),
      patch(`${classes}/c1`, "strategic-merge-patch+json", { spec: { provider: "x" } }),
    ],
  },
  {
    title: "a patch of another media type",
    steps: [patch(`${maps}/m1`, "json", {}), patch(`${classes}/c1`, "json", {})],
  },
  {
    title: "a class merged",
    steps: [
      patch(`${classes}/c1`, "merge-patch+json", { spec: { parameters: { objects: "x" } } }),
      patch(`${classes}/c1`, "merge-patch+json", { spec: { parameters: { objects: 1 } } }),
    ],
  },
  {
    title: "an immutable field",
    steps: [
      post("/apis/apps/v1/namespaces/conformance/deployments", deployment("im")),
      patch("/apis/apps/v1/namespaces/conformance/deployments/im", "merge-patch+json", {
        spec: { selector: { matchLabels: { app: "x" } } },
      }),
    ],
  },
  {
    title: "an immutable config map",
    steps: [
      post(maps, { ...map("imm"), immutable: true }),
      patch(`${maps}/imm`, "merge-patch+json", { data: { a: "2" } }),
    ],
  },
  { title: "a secret's type", steps: [patch(`${core}/secrets/s`, "merge-patch+json", { type: "other" })] },
];

export const applies: readonly Case[] = [
  { title: "an apply without a manager", steps: [apply(`${maps}/a1`, map("a1"))] },
  {
    title: "applies",
    steps: [
      apply(`${maps}/a1?fieldManager=one`, map("a1")),
      apply(`${maps}/a1?fieldManager=one`, map("a1")),
      get(`${maps}/a1`),
      apply(`${maps}/a1?fieldManager=two`, map("a1", { b: "2" })),
      apply(`${maps}/a1?fieldManager=two`, map("a1", { a: "2" })),
      apply(`${maps}/a1?fieldManager=two&force=true`, map("a1", { a: "2" })),
      apply(`${maps}/a1?fieldManager=one`, map("a1", {})),
      get(`${maps}/a1`),
    ],
  },
  {
    title: "an apply over an update",
    steps: [
      post(`${classes}?fieldManager=kubectl-create`, secretClass("a2")),
      apply(
        `${classes}/a2?fieldManager=key-vault-csi`,
        secretClass("a2", { provider: "azure", parameters: { keyvaultName: "other", tenantID: "t" } }),
      ),
      apply(
        `${classes}/a2?fieldManager=key-vault-csi&force=true&dryRun=All`,
        secretClass("a2", { provider: "azure", parameters: { keyvaultName: "other" } }),
      ),
      get(`${classes}/a2`),
      apply(
        `${classes}/a2?fieldManager=key-vault-csi&force=true`,
        secretClass("a2", { provider: "azure", parameters: { keyvaultName: "other" } }),
      ),
    ],
  },
  {
    title: "conflicts with several managers",
    steps: [
      apply(`${maps}/a3?fieldManager=one`, map("a3", { a: "1", b: "1" })),
      apply(`${maps}/a3?fieldManager=two`, map("a3", { c: "1" })),
      apply(`${maps}/a3?fieldManager=three`, map("a3", { a: "2", b: "2", c: "2" })),
    ],
  },
  {
    title: "an applied unknown field",
    steps: [
      apply(`${classes}/a4?fieldManager=one`, secretClass("a4", { provider: "azure", unknown: 1 })),
      apply(`${maps}/a4?fieldManager=one`, { ...map("a4"), spec: 1 }),
    ],
  },
  {
    title: "an applied wrong type",
    steps: [
      apply(`${classes}/a5?fieldManager=one`, secretClass("a5", { provider: "azure", parameters: { a: 1 } })),
      apply(`${maps}/a5?fieldManager=one`, map("a5", { a: 1 })),
    ],
  },
  {
    title: "an apply of another name",
    steps: [
      apply(`${maps}/a6?fieldManager=one`, map("other")),
      apply(`${maps}/a6?fieldManager=one`, { metadata: { name: "a6" } }),
    ],
  },
  {
    title: "an apply with managed fields",
    steps: [
      apply(`${maps}/a6?fieldManager=one`, map("a6", {}, { managedFields: [{ manager: "x", operation: "Apply" }] })),
    ],
  },
  {
    title: "an apply with an old resource version",
    steps: [apply(`${maps}/a1?fieldManager=one&force=true`, map("a1", { z: "1" }, { resourceVersion: "1" }))],
  },
  {
    title: "an apply into a missing namespace",
    steps: [apply("/api/v1/namespaces/none/configmaps/a?fieldManager=one", map("a"))],
  },
];

export const deletes: readonly Case[] = [
  {
    title: "a deleted config map",
    steps: [post(maps, map("d1")), remove(`${maps}/d1`), get(`${maps}/d1`), remove(`${maps}/d1`)],
  },
  {
    title: "a deleted class",
    steps: [post(classes, secretClass("d1")), remove(`${classes}/d1`), remove(`${classes}/d1`)],
  },
  {
    title: "a delete with preconditions",
    steps: [
      post(maps, map("d2")),
      remove(`${maps}/d2`, { preconditions: { uid: "11111111-1111-4111-8111-111111111111" } }),
      remove(`${maps}/d2`, { preconditions: { resourceVersion: "1" } }),
    ],
  },
  { title: "a dry deletion", steps: [post(maps, map("d3")), remove(`${maps}/d3?dryRun=All`), get(`${maps}/d3`)] },
  {
    title: "a delete that waits for a finalizer",
    steps: [
      post(maps, map("d4", {}, { finalizers: ["example.com/wait"] })),
      remove(`${maps}/d4`),
      patch(`${maps}/d4`, "merge-patch+json", { metadata: { finalizers: null } }),
      get(`${maps}/d4`),
    ],
  },
  { title: "a finalizer without a domain", steps: [post(maps, map("d5", {}, { finalizers: ["wait"] }))] },
  {
    title: "a deleted collection",
    steps: [
      post(maps, map("d6", {}, { labels: { gone: "1" } })),
      remove(`${maps}?labelSelector=gone=1`),
      get(`${maps}?labelSelector=gone=1`),
    ],
  },
  {
    title: "a delete of a deleted pod",
    steps: [
      post(`${core}/pods`, pod("d7", { schedulerName: "none" })),
      remove(`${core}/pods/d7`),
      get(`${core}/pods/d7`),
    ],
  },
];
