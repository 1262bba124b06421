import type {
  HostMessage,
  Names,
  PageMessage,
  ParamsOf,
  ReplyOf,
  WireError,
  WizardEvents,
  WizardRequests,
} from "../protocol.ts";

/** What VS Code gives a webview. */
export interface WebviewApi {
  postMessage(message: PageMessage): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** The page's end of the wire. */
export interface Connection {
  /** @throws {HostFailure} what the host says; an `AbortError` once the signal is aborted, and the host drops the work */
  readonly call: <K extends Names<WizardRequests>>(
    name: K,
    params: ParamsOf<WizardRequests, K>,
    signal?: AbortSignal,
  ) => Promise<ReplyOf<WizardRequests, K>>;
  readonly on: <K extends Names<WizardEvents>>(
    name: K,
    listener: (value: WizardEvents[K]) => void,
    signal?: AbortSignal,
  ) => void;
}

/** A failure the host reported. */
export class HostFailure extends Error {
  constructor(readonly error: WireError) {
    super(error.message);
  }
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export function connect(api: Pick<WebviewApi, "postMessage">): Connection {
  const waiting = new Map<string, Waiting>();
  const listeners = new Map<string, Set<(value: unknown) => void>>();

  window.addEventListener("message", ({ data }: MessageEvent<HostMessage>) => {
    switch (data.kind) {
      case "reply":
        waiting.get(data.id)?.resolve(data.value);
        break;
      case "failure":
        waiting.get(data.id)?.reject(new HostFailure(data.error));
        break;
      case "event":
        for (const listener of listeners.get(data.name) ?? []) {
          listener(data.value);
        }
    }
  });

  function request(name: string, params: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    signal?.throwIfAborted();
    const id = crypto.randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const cancel = () => {
      api.postMessage({ kind: "cancel", id });
      reject(new DOMException("Given up.", "AbortError"));
    };
    waiting.set(id, { resolve, reject });
    signal?.addEventListener("abort", cancel, { once: true });
    api.postMessage({ kind: "request", id, name, params });
    return promise.finally(() => {
      waiting.delete(id);
      signal?.removeEventListener("abort", cancel);
    });
  }

  return {
    call: async (name, params, signal) =>
      // The host is ours: handlers have the types of the protocol.
      (await request(name, params, signal)) as ReplyOf<WizardRequests, typeof name>,
    on(name, listener, signal) {
      const known = listeners.get(name) ?? new Set();
      const untyped = listener as (value: unknown) => void;
      listeners.set(name, known.add(untyped));
      signal?.addEventListener("abort", () => known.delete(untyped), { once: true });
    },
  };
}

/** Whether the page itself gave something up; nobody shows such an error. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
