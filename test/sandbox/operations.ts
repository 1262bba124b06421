/** Long-running operations of Resource Manager: accepted at once, over after a while, watched through `Azure-AsyncOperation` or `Location`. */
import { randomUUID } from "node:crypto";

import type { Operation, World } from "./state.ts";

export interface OperationInput {
  /** `Microsoft.ContainerService`; left out: Resource Manager itself. */
  readonly provider?: string;
  readonly subscriptionId: string;
  readonly location: string;
  readonly apiVersion: string;
  /** Named in `Another operation (…) is in progress`: `Updating`. */
  readonly name: string;
  /** How long it takes at the demo's pace. At once: it is over by the second look. */
  readonly demoMs: number;
  /** Called once when it is over, unless it was made to fail. May throw an error with `code` and `message` to end it as Failed. */
  readonly finish: () => void | Promise<void>;
  /** Called once when it ends Failed or Canceled. */
  readonly fail?: () => void;
  /** What `Location` answers when it is over; left out: 204. */
  readonly result?: () => unknown;
}

export interface RunningOperation extends Operation {
  readonly asyncOperationUrl: string;
  readonly locationUrl: string;
  /** `Azure-AsyncOperation`, `Location` and `Retry-After` of the 201 or 202. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface OperationRecord extends RunningOperation {
  readonly subscriptionId: string;
  readonly result: () => unknown;
  endTime?: number;
  /** Whoever asks for its status, or for the resource it changes, looks. */
  look(): Promise<void>;
  /** Ends it now. */
  end(error?: { readonly code: string; readonly message: string }): Promise<void>;
}

export interface Operations {
  start(input: OperationInput): OperationRecord;
  find(id: string): OperationRecord | undefined;
  /** The next operation whose name matches ends Failed with this error. */
  failNext(name: RegExp, error: { readonly code: string; readonly message: string }): void;
  /** Seconds in `Retry-After`. */
  readonly retryAfter: number;
}

function toError(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code: typeof code === "string" ? code : "InternalOperationError", message: String(message) };
}

export function createOperations(world: World, origin: () => string): Operations {
  const records = new Map<string, OperationRecord>();
  const failures: { readonly name: RegExp; readonly error: { readonly code: string; readonly message: string } }[] = [];
  const isInstant = world.clock.pace === "instant";
  const retryAfter = (): number => world.delays?.retryAfterSeconds ?? (isInstant ? 0 : 2);

  return {
    get retryAfter() {
      return retryAfter();
    },
    find: (id) => records.get(id.toLowerCase()),
    failNext: (name, error) => void failures.push({ name, error }),
    start(input) {
      const index = failures.findIndex((failure) => failure.name.test(input.name));
      const failure = index < 0 ? undefined : failures.splice(index, 1)[0]?.error;
      const record = createRecord(world, input, { origin: origin(), retryAfter: retryAfter(), isInstant, failure });
      records.set(record.id, record);
      return record;
    },
  };
}

interface RecordSettings {
  readonly origin: string;
  readonly retryAfter: number;
  readonly isInstant: boolean;
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

function createRecord(world: World, input: OperationInput, settings: RecordSettings): OperationRecord {
  const id = randomUUID();
  const place = input.provider ? `/providers/${input.provider}/locations/${input.location}` : "";
  const base = `${settings.origin}/subscriptions/${input.subscriptionId}${place}`;
  const asyncOperationUrl = `${base}/operations/${id}?api-version=${input.apiVersion}`;
  const locationUrl = `${base}/operationresults/${id}?api-version=${input.apiVersion}`;
  let looks = 0;
  const record: OperationRecord = {
    id,
    name: input.name,
    subscriptionId: input.subscriptionId,
    startTime: world.clock.now(),
    status: "InProgress",
    asyncOperationUrl,
    locationUrl,
    headers: {
      "azure-asyncoperation": asyncOperationUrl,
      location: locationUrl,
      "retry-after": String(settings.retryAfter),
    },
    result: input.result ?? (() => undefined),
    async look() {
      looks += 1;
      if (settings.isInstant && looks >= 2) {
        await record.end(settings.failure);
      }
    },
    async end(error) {
      if (record.status !== "InProgress") {
        return;
      }
      record.status = error ? "Failed" : "Succeeded";
      record.endTime = world.clock.now();
      if (error) {
        record.error = error;
        input.fail?.();
        return;
      }
      try {
        await input.finish();
      } catch (thrown) {
        record.status = "Failed";
        record.error = toError(thrown);
        input.fail?.();
      }
    },
  };
  if (!settings.isInstant) {
    world.clock.after(input.demoMs, () => void record.end(settings.failure));
  }
  return record;
}
