/** The joint between the HTTPS server and the planes. */
export type Plane = "entra" | "arm" | "vault" | "kubernetes";

export interface SandboxRequest {
  readonly method: string;
  /** Path without query, percent-decoding left to the handler. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface SandboxResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a string or Buffer as it is. */
  readonly body?: unknown;
  /** Instead of body: chunks as they come (watch, logs -f), ended by the iterable's end or the client's leaving. */
  readonly stream?: AsyncIterable<string | Buffer>;
}

export type Handler = (request: SandboxRequest) => Promise<SandboxResponse> | SandboxResponse;
