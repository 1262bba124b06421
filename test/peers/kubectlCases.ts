/** Command lines of kubectl in an order that makes sense, and what each must print on any cluster. */

export interface KubectlCase {
  readonly line: string;
  readonly input?: string;
  /** What standard output, or for a refusal standard error, must look like. */
  readonly prints: RegExp | readonly RegExp[];
  /** 0 unless told. `diff` ends with 1 where there is a difference. */
  readonly code?: number;
}

const classOf = (parameters: string, name = "kv"): string => `
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: ${name}, labels: {app: ${name}}}
spec: {provider: azure, parameters: {${parameters}}}
`;

const deployment = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec: {containers: [{name: main, image: "nginx:1.27"}]}
`;

const system = "-n kube-system";

export const cases: readonly KubectlCase[] = [
  // Looking around.
  { line: "version", prints: /Server Version: v1\.35\.1/ },
  { line: "cluster-info", prints: /Kubernetes control plane.*is running at.*https:\/\/127\.0\.0\.1:/ },
  { line: "api-versions", prints: [/^apps\/v1$/m, /^secrets-store\.csi\.x-k8s\.io\/v1$/m, /^v1$/m] },
  {
    line: "api-resources --api-group=secrets-store.csi.x-k8s.io --no-headers",
    prints: [
      /^secretproviderclasses\s+secrets-store\.csi\.x-k8s\.io\/v1\s+true\s+SecretProviderClass$/m,
      /^secretproviderclasspodstatuses\s+secrets-store\.csi\.x-k8s\.io\/v1\s+true\s+SecretProviderClassPodStatus$/m,
    ],
  },
  { line: "api-resources --namespaced=false -o name", prints: [/^nodes$/m, /^csinodes\.storage\.k8s\.io$/m] },
  { line: "explain secretproviderclass.spec.provider", prints: /FIELD: provider <string>/ },
  { line: "explain pod.spec.volumes.csi --recursive", prints: /nodePublishSecretRef/ },
  { line: "explain secretproviderclass.spec.nothing", code: 1, prints: /field "nothing" does not exist/ },
  { line: "auth can-i create secretproviderclasses", prints: /^yes$/m },
  { line: "auth can-i --list", prints: /\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/ },
  { line: "auth can-i get secrets --as=nobody", code: 1, prints: /^no$/m },
  {
    line: "get pods --as=system:serviceaccount:kube-system:default",
    code: 1,
    prints:
      /User "system:serviceaccount:kube-system:default" cannot list resource "pods" in API group "" in the namespace "default"/,
  },
  { line: "get --raw /readyz", prints: /^ok$/ },

  // The add-on as the article looks at it.
  { line: "get nodes", prints: /^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\n(\S+\s+Ready\s+\S+\s+\S+\s+v1\.35\.1\n?)+$/ },
  { line: "get nodes -o wide", prints: /INTERNAL-IP\s+EXTERNAL-IP\s+OS-IMAGE\s+KERNEL-VERSION\s+CONTAINER-RUNTIME/ },
  {
    line: `get pods ${system} -l 'app in (secrets-store-csi-driver,secrets-store-provider-azure)' -o wide`,
    prints: [
      /NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES/,
      /^aks-secrets-store-csi-driver-\S+\s+3\/3\s+Running/m,
      /^aks-secrets-store-provider-azure-\S+\s+1\/1\s+Running/m,
    ],
  },
  {
    line: `get pods ${system} -l 'app notin (secrets-store-csi-driver),app' -o name`,
    prints: /^pod\/aks-secrets-store-provider-azure-\S+$/m,
  },
  { line: `get pods ${system} -l app=nothing`, prints: /^$/ },
  { line: `get pods ${system} -l 'app in ('`, code: 1, prints: /unable to parse requirement/ },
  {
    line: `get pods ${system} --field-selector status.phase=Running --chunk-size=1 -o name`,
    prints: /^(pod\/\S+\n)+$/,
  },
  { line: "get daemonsets -A -o wide", prints: /kube-system\s+aks-secrets-store-csi-driver\s+2\s+2\s+2\s+2\s+2/ },
  { line: "get csidriver secrets-store.csi.k8s.io -o yaml", prints: [/^kind: CSIDriver$/m, /podInfoOnMount: true/] },
  { line: "get csinodes -o jsonpath={.items[*].spec.drivers[*].name}", prints: /secrets-store\.csi\.k8s\.io/ },
  {
    line: "get crd -o custom-columns=N:.metadata.name --no-headers",
    prints: /^secretproviderclasses\.secrets-store\.csi\.x-k8s\.io$/m,
  },
  {
    line: `describe daemonset aks-secrets-store-csi-driver ${system}`,
    prints: [/Desired Number of Nodes Scheduled: 2/, /Containers:/],
  },
  { line: `logs ${system} ds/aks-secrets-store-provider-azure`, prints: /./ },
  { line: `logs ${system} ds/aks-secrets-store-csi-driver -c secrets-store --tail=1`, prints: /^.*\n?$/ },
  { line: `logs ${system} nothing`, code: 1, prints: /error from server \(NotFound\): pods "nothing" not found/i },

  // A SecretProviderClass, from the client's side and the server's.
  {
    line: "apply -f -",
    input: classOf("keyvaultName: a, tenantID: t"),
    prints: /secretproviderclass\S* created|\/kv created/,
  },
  { line: "apply -f -", input: classOf("keyvaultName: a, tenantID: t"), prints: /kv unchanged/ },
  {
    line: "diff -f -",
    input: classOf("keyvaultName: b, tenantID: t"),
    code: 1,
    prints: [/^-\s+keyvaultName: a$/m, /^\+\s+keyvaultName: b$/m],
  },
  {
    line: "apply -f - --dry-run=server",
    input: classOf("keyvaultName: b, tenantID: t"),
    prints: /kv configured \(server dry run\)/,
  },
  { line: "get secretproviderclass kv -o jsonpath={.spec.parameters.keyvaultName}", prints: /^a$/ },
  { line: "apply -f -", input: classOf("keyvaultName: b, tenantID: t"), prints: /kv configured/ },
  {
    line: "apply --server-side --field-manager=other -f -",
    input: classOf("keyvaultName: c, tenantID: t"),
    code: 1,
    prints: [
      /Apply failed with 1 conflict: conflict with "kubectl-client-side-apply"/,
      /\.spec\.parameters\.keyvaultName/,
    ],
  },
  {
    line: "apply --server-side --field-manager=other --force-conflicts -f -",
    input: classOf("keyvaultName: c, tenantID: t"),
    prints: /kv serverside-applied/,
  },
  { line: "apply --server-side -f -", input: classOf("keyvaultName: s", "side"), prints: /side serverside-applied/ },
  { line: "diff --server-side -f -", input: classOf("keyvaultName: s", "side"), prints: /^$/ },
  { line: "get secretproviderclasses --show-labels", prints: [/^NAME\s+AGE\s+LABELS$/m, /^kv\s+\S+\s+app=kv$/m] },
  {
    line: "get secretproviderclass -l app=kv -o name",
    prints: /^secretproviderclass\.secrets-store\.csi\.x-k8s\.io\/kv\n$/,
  },
  { line: "describe secretproviderclass kv", prints: [/^Kind:\s+SecretProviderClass$/m, /Keyvault Name:\s+c/] },
  {
    line: "apply -f -",
    input: classOf("useVMManagedIdentity: true", "bad"),
    code: 1,
    prints: /in body must be of type string: "boolean"/,
  },
  {
    line: "create -f -",
    input: classOf("keyvaultName: s", "side"),
    code: 1,
    prints: /AlreadyExists.*"side" already exists/,
  },
  { line: "annotate secretproviderclass kv a=b", prints: /kv annotated/ },
  {
    line: 'patch secretproviderclass kv --type=merge -p \'{"spec":{"parameters":{"tenantID":null}}}\'',
    prints: /kv patched/,
  },
  { line: "get secretproviderclass kv -o jsonpath={.spec.parameters}", prints: /^\{"keyvaultName":"c"\}$/ },
  { line: "delete secretproviderclass kv side", prints: [/"kv" deleted/, /"side" deleted/] },
  {
    line: "delete secretproviderclass kv",
    code: 1,
    prints: /Error from server \(NotFound\): secretproviderclasses\.secrets-store\.csi\.x-k8s\.io "kv" not found/,
  },
  { line: "get secretproviderclasses", prints: /^$/ },

  // A workload.
  { line: "apply -f -", input: deployment(2), prints: /deployment\.apps\/web created/ },
  { line: "rollout status deployment/web --timeout=10s", prints: /deployment "web" successfully rolled out/ },
  { line: "get deployment web -o wide", prints: /^web\s+2\/2\s+2\s+2\s+\S+\s+main\s+nginx:1\.27\s+app=web$/m },
  { line: "get pods -l app=web,tier=front -o name", prints: /^(pod\/web-\S+\n){2}$/ },
  { line: "get pods -L tier -l app=web", prints: /TIER\n(web-.*front\n?){2}$/ },
  { line: "events --for deployment/web", prints: /ScalingReplicaSet.*Scaled up replica set web-\w+ from 0 to 2/ },
  {
    line: "get events --field-selector reason=Scheduled --sort-by=.metadata.creationTimestamp",
    prints: /Successfully assigned default\/web-/,
  },
  { line: "get deployment web --watch --request-timeout=1s", prints: /^web\s+2\/2/m, code: 0 },
  { line: "scale deployment/web --replicas=1", prints: /deployment\.apps\/web scaled/ },
  { line: "wait deployment/web --for=jsonpath={.status.readyReplicas}=1 --timeout=10s", prints: /condition met/ },
  { line: "delete deployment web", prints: /deployment\.apps "web" deleted/ },
  { line: "create namespace app", prints: /namespace\/app created/ },
  { line: "create serviceaccount reader -n app", prints: /serviceaccount\/reader created/ },
  {
    line: "create token reader -n app --audience=api://AzureADTokenExchange",
    prints: /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n?$/,
  },
  { line: "delete namespace app", prints: /namespace "app" deleted/ },
  { line: "get serviceaccount reader -n app", code: 1, prints: /NotFound/ },
];
