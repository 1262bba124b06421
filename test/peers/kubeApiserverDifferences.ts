import type { KnownDifference } from "./kubeApiserverCompare.ts";

const goJson = "The words are those of Go's JSON decoder; nobody who sends JSON gets to see them.";
const controllers =
  "The sandbox has controllers and a scheduler, which report; beside the API server alone nobody does.";
const reviews =
  "Reviews and token requests are answers to a question: who manages their fields is of no use to anybody.";
const thisServer = "It names this very server.";

/** Where the sandbox answers otherwise than a kube-apiserver, and why that is left so. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    title: "selectors that are wrong",
    path: "body.message",
    reason: "The text of a label selector that does not parse follows the steps of Go's parser.",
  },
  { title: "a body that is no JSON", path: "body.message", reason: goJson },
  {
    title: "another version than the path's",
    path: "warning",
    reason: "A warning beside a refusal: the decoder of custom resources warns before the version is looked at.",
  },
  {
    title: "a table of namespaces",
    path: "body.rows[0].object.metadata.managedFields",
    reason: "The sandbox's own objects have no managers: applied over, they belong to before-first-apply.",
  },
  { title: "strategic merge patches", path: "body.status", reason: controllers },
  { title: "strategic merge patches", path: "body.metadata.resourceVersion", reason: controllers },
  {
    title: "applies",
    path: "body.metadata.resourceVersion",
    reason: "As with its managers: the empty map that changes nothing but them is no change in the sandbox.",
  },
  { title: "a delete of a deleted pod", path: "body.status.conditions", reason: controllers },
  { title: "a pod's status", path: "body.status.conditions", reason: controllers },
  {
    title: "applies",
    path: "body.metadata.managedFields",
    reason: "Who applies an empty map into one that others fill is not kept as its manager; nothing of ours does that.",
  },
  { title: "a service account and its token", path: "body.metadata.managedFields", reason: reviews },
  { title: "a service account and its token", path: "body.spec.audiences", reason: thisServer },
  { title: "what may", path: "body.metadata", reason: reviews },
  { title: "what is granted now", path: "body.metadata", reason: reviews },
  { title: "the version", path: "body.git", reason: "The peer is built from its module, without the release's marks." },
  { title: "the version", path: "body.goVersion", reason: "The peer is built with the machine's Go." },
  {
    title: "the class's group",
    path: "body.resources",
    reason: "storageVersionHash is for clients that migrate what is stored.",
  },
  { title: "versions of the core", path: "body.serverAddressByClientCIDRs", reason: thisServer },
  {
    title: "a watch with initial events",
    path: "body",
    reason: "It needs etcd 3.5.8 or later; with an older one the API server refuses the watch. We list, then watch.",
  },
];
