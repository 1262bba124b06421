/** What is read: objects, lists, pages, selectors, tables, discovery and watches. */
import type { Case } from "./kubeApiserverCompare.ts";
import {
  core,
  maps,
  secrets,
  classes,
  get,
  post,
  put,
  remove,
  patch,
  map,
  secretClass,
  version,
  continued,
  table,
  metadataOnly,
  metadataList,
} from "./kubeApiserverRequests.ts";

export const reads: readonly Case[] = [
  {
    title: "an object that is not there",
    steps: [get(`${maps}/none`), get(`${classes}/none`), get("/api/v1/nodes/none")],
  },
  {
    title: "a resource that is not served",
    steps: [
      get(`${core}/widgets`),
      get("/apis/example.com/v1/widgets"),
      get("/apis/apps/v1/widgets"),
      get("/apis/secrets-store.csi.x-k8s.io/v1/widgets"),
    ],
  },
  { title: "a group that is not served", steps: [get("/apis/example.com/v1"), get("/apis/example.com")] },
  { title: "a path that is nothing", steps: [get("/nothing"), get("/api/v2")] },
  {
    title: "a namespace that is not there",
    steps: [get("/api/v1/namespaces/none"), get("/api/v1/namespaces/none/configmaps")],
  },
  { title: "without a token", steps: [{ ...get(maps), headers: { authorization: "" } }] },
  { title: "with a wrong token", steps: [{ ...get(maps), token: () => "wrong" }] },
  { title: "a method that is not allowed", steps: [put(maps, map("a")), post(`${maps}/a`, map("a"))] },
  {
    title: "a media type that is not served",
    steps: [get(maps, { accept: "text/html" }), get(maps, { accept: "application/xml" })],
  },
  {
    title: "an empty list",
    steps: [
      get(`${maps}?labelSelector=none=x`),
      get(`${classes}?labelSelector=none=x`),
      get(`${maps}?labelSelector=none=x&limit=1`),
    ],
  },
  {
    title: "selectors",
    steps: [
      post(maps, map("s1", {}, { labels: { app: "one", tier: "web" } })),
      post(maps, map("s2", {}, { labels: { app: "two" } })),
      get(`${maps}?labelSelector=app=one`),
      get(`${maps}?labelSelector=app in (one,two)`.replaceAll(" ", "%20")),
      get(`${maps}?labelSelector=app notin (one),app`.replaceAll(" ", "%20")),
      get(`${maps}?labelSelector=app,!tier`),
      get(`${maps}?labelSelector=app!=one,app`),
      get(`${maps}?fieldSelector=metadata.name=s1`),
      get(`${maps}?fieldSelector=metadata.name!=s1&labelSelector=app`),
    ],
  },
  {
    title: "selectors that are wrong",
    steps: [
      get(`${maps}?fieldSelector=data.a=1`),
      get(`${maps}?fieldSelector=metadata.name`),
      get(`${core}/pods?fieldSelector=spec.image=x`),
      get(`${classes}?fieldSelector=spec.provider=azure`),
      get(`${maps}?labelSelector=a=b=c`),
      get(`${maps}?labelSelector=${encodeURIComponent("app in (")}`),
      get(`${maps}?labelSelector=${encodeURIComponent("a b")}`),
    ],
  },
  {
    title: "pages",
    steps: [
      get(`${maps}?labelSelector=app&limit=1`),
      get((seen) => `${maps}?labelSelector=app&limit=1&continue=${continued(seen, 0)}`),
      ...["p1", "p2", "p3"].map((name) => post(secrets, { metadata: { name }, stringData: { a: "1" } })),
      get(`${secrets}?limit=2`),
      get((seen) => `${secrets}?limit=2&continue=${continued(seen, 5)}`),
      get(`${secrets}?limit=500`),
      get(`${secrets}?limit=500&resourceVersion=0`),
    ],
  },
  {
    title: "continue tokens that are wrong",
    steps: [
      get(`${maps}?limit=1&continue=abc`),
      get(`${maps}?limit=1&continue=!!!`),
      get(`${maps}?limit=1&continue=${Buffer.from("{}").toString("base64url")}`),
    ],
  },
  {
    title: "a continue token with a resourceVersion",
    steps: [
      get(`${secrets}?limit=1`),
      get((seen) => `${secrets}?limit=1&resourceVersion=1&continue=${continued(seen, 0)}`),
    ],
  },
  {
    title: "resource versions that are wrong",
    steps: [
      get(`${secrets}?resourceVersion=abc`),
      get(`${secrets}?resourceVersion=99999999`),
      get(`${secrets}?resourceVersion=0`),
      get(`${secrets}?resourceVersionMatch=Exact`),
      get(`${secrets}?limit=abc`),
    ],
  },
  {
    title: "metadata only",
    steps: [get(secrets, metadataList), get(`${maps}/s1`, metadataOnly), get(`${secrets}?limit=1`, metadataList)],
  },
  {
    title: "metadata of custom resources",
    steps: [post(classes, secretClass("meta")), get(classes, metadataList), get(`${classes}/meta`, metadataOnly)],
  },
];

export const tables: readonly Case[] = [
  { title: "a table of config maps", steps: [get(`${maps}?fieldSelector=metadata.name=s1`, table)] },
  { title: "a table of namespaces", steps: [get("/api/v1/namespaces?fieldSelector=metadata.name=default", table)] },
  { title: "a table of classes", steps: [get(classes, table), get(`${classes}/meta`, table)] },
  {
    title: "a table without objects",
    steps: [get(`${maps}?fieldSelector=metadata.name=s1&includeObject=None`, table)],
  },
  {
    title: "a table of secrets",
    steps: [
      post(`${core}/secrets`, { metadata: { name: "tab" }, stringData: { a: "1" } }),
      get(`${core}/secrets/tab`, table),
    ],
  },
  {
    title: "a table of service accounts",
    steps: [get(`${core}/serviceaccounts?fieldSelector=metadata.name=default`, table)],
  },
];

export const discovery: readonly Case[] = [
  {
    title: "the class's group",
    steps: [get("/apis/secrets-store.csi.x-k8s.io/v1"), get("/apis/secrets-store.csi.x-k8s.io")],
  },
  { title: "the version", steps: [get("/version")] },
  { title: "versions of the core", steps: [get("/api")] },
];

export const watches: readonly Case[] = [
  {
    title: "a watch from a resource version",
    steps: [
      post(maps, map("w1")),
      patch(`${maps}/w1`, "merge-patch+json", { data: { a: "2" } }),
      remove(`${maps}/w1`),
      get(
        (seen) =>
          `${maps}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name=w1&resourceVersion=${version(seen, 0)}`,
      ),
    ],
  },
  {
    title: "a watch whose label comes and goes",
    steps: [
      post(maps, map("w2", {}, { labels: { watched: "no" } })),
      patch(`${maps}/w2`, "merge-patch+json", { metadata: { labels: { watched: "yes" } } }),
      patch(`${maps}/w2`, "merge-patch+json", { data: { a: "1" } }),
      patch(`${maps}/w2`, "merge-patch+json", { metadata: { labels: { watched: "no" } } }),
      get(
        (seen) => `${maps}?watch=true&timeoutSeconds=1&labelSelector=watched=yes&resourceVersion=${version(seen, 0)}`,
      ),
    ],
  },
  {
    title: "a watch from any state",
    steps: [get(`${classes}?watch=true&timeoutSeconds=1&resourceVersion=0&fieldSelector=metadata.name=c1`)],
  },
  {
    title: "a watch of metadata",
    steps: [
      get(`${classes}?watch=true&timeoutSeconds=1&resourceVersion=0&fieldSelector=metadata.name=c1`, metadataOnly),
    ],
  },
  {
    title: "a watch as a table",
    steps: [get(`${classes}?watch=true&timeoutSeconds=1&resourceVersion=0&fieldSelector=metadata.name=c1`, table)],
  },
  {
    title: "a watch with initial events",
    steps: [
      get(
        `${classes}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name=c1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
      ),
    ],
  },
  {
    title: "a watch from a wrong resource version",
    steps: [
      get(`${maps}?watch=true&timeoutSeconds=1&resourceVersion=abc`),
      get(`${maps}?watch=true&timeoutSeconds=1&sendInitialEvents=true`),
    ],
  },
];
