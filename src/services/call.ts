/** What a step of long work is doing. `step` is a sentence fragment already in the user's language. */
export interface Progress {
  readonly step: string;
  readonly state: "running" | "done" | "skipped";
}

/** The optional last argument of every call that goes over the network. */
export interface CallOptions {
  /** Aborting rejects the call with an `AbortError`; what a service has accepted by then goes on there. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
