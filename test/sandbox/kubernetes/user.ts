/** Who asks, after authentication. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  /** Of an Entra user or service principal: Azure RBAC goes by it. */
  readonly objectId?: string;
}

/** What is asked, as authorizers see it. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}
