/** What a service account may do. */
import type { Case, Seen, Step } from "./kubeApiserverCompare.ts";
import {
  namespace,
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
} from "./kubeApiserverRequests.ts";

const token = { method: "POST", url: `${core}/serviceaccounts/guest/token`, body: {} } as const;
const asGuest = (seen: Seen) => (seen[1]?.body as { status: { token: string } }).status.token;
const account = post(`${core}/serviceaccounts`, {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "guest" },
});
const guest = (title: string, ...steps: readonly Step[]): Case => ({
  title,
  background: 2,
  steps: [get("/api/v1/namespaces/default"), token, ...steps.map((step) => ({ ...step, token: asGuest }))],
});
const review = (attributes: object): Step =>
  post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: attributes },
  });

export const rights: readonly Case[] = [
  { title: "a service account and its token", steps: [account, token] },
  guest(
    "reads that are forbidden",
    get(maps),
    get(`${maps}/a`),
    get("/api/v1/nodes"),
    get("/apis/apps/v1/deployments"),
    get(`${core}/pods/x/log`),
    get(`${maps}?watch=true`),
  ),
  guest(
    "writes that are forbidden",
    post(maps, map("x")),
    patch(`${classes}/c1`, "merge-patch+json", {}),
    remove(`${classes}/c1`),
    remove(maps),
    put(`${maps}/c1`, map("c1")),
    apply(`${classes}/c1?fieldManager=x`, secretClass("c1")),
  ),
  guest("paths that are forbidden", get("/metrics"), get("/logs")),
  guest(
    "what may I do",
    review({ verb: "list", resource: "pods", namespace }),
    review({ verb: "create", group: "secrets-store.csi.x-k8s.io", resource: "secretproviderclasses" }),
  ),
  {
    title: "what may the administrator do",
    steps: [review({ verb: "*", group: "*", resource: "*" }), review({ verb: "delete", resource: "pods", namespace })],
  },
  {
    title: "a role that is granted",
    steps: [
      post(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`, {
        metadata: { name: "reader" },
        rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }],
      }),
      post(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
        metadata: { name: "reader" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
        subjects: [{ kind: "ServiceAccount", name: "guest", namespace }],
      }),
    ],
  },
  guest(
    "what is granted now",
    get(`${maps}/c1`),
    review({ verb: "list", resource: "configmaps", namespace }),
    get(`${core}/secrets`),
  ),
];
