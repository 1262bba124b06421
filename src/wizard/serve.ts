import { setMaxListeners } from "node:events";

import { isAbort, ServiceError } from "../services/errors.ts";
import { t } from "../services/l10n.ts";
import type { Logger } from "../services/log.ts";
import type { Handlers, HostMessage, Names, PageMessage, ParamsOf, WireError } from "./protocol.ts";

/** The extension's end of the wire to one page. */
export interface Server {
  /** Takes a message of the page. What is none is ignored. */
  receive(message: unknown): void;
  /** Aborts every request under way; later answers are dropped. */
  dispose(): void;
}

/**
 * Answers a page's requests with handlers, cancels those it gives up, and reports failures. Knows no wizard.
 *
 * @param getHandlers asked for each request, so that handlers can be loaded by the first one
 */
export function serve<R>(
  getHandlers: () => Promise<Handlers<R>>,
  post: (message: HostMessage) => void,
  log: Pick<Logger, "error">,
): Server {
  const underWay = new Map<string, AbortController>();

  async function answer(id: string, name: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    underWay.set(id, controller);
    // A plan asks about all its steps together, each on this signal.
    setMaxListeners(0, controller.signal);
    try {
      const value = await callHandler(await getHandlers(), name, params, controller.signal);
      if (!controller.signal.aborted) {
        post({ kind: "reply", id, value });
      }
    } catch (error) {
      if (!controller.signal.aborted) {
        post({ kind: "failure", id, error: toWireError(error, name, log) });
      }
    } finally {
      underWay.delete(id);
    }
  }

  return {
    receive(message) {
      if (!isPageMessage(message)) {
        return;
      }
      if (message.kind === "cancel") {
        underWay.get(message.id)?.abort();
      } else if (!underWay.has(message.id)) {
        // Never rejects: every failure becomes a message.
        void answer(message.id, message.name, message.params);
      }
    },
    dispose() {
      for (const controller of underWay.values()) {
        controller.abort();
      }
    },
  };
}

async function callHandler<R>(
  handlers: Handlers<R>,
  name: string,
  params: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!Object.hasOwn(handlers, name)) {
    throw new ServiceError("invalidRequest", t('The page asked for something that does not exist: "{0}".', name));
  }
  // The page is ours: handlers parse the params of requests that change something.
  const known = name as Names<R>;
  return handlers[known](params as ParamsOf<R, Names<R>>, signal);
}

/** What a failure says to the page. Anything but a `ServiceError` is a bug: its stack goes to the log, without the request's params. */
export function toWireError(error: unknown, during: string, log: Pick<Logger, "error">): WireError {
  if (error instanceof ServiceError) {
    return { code: error.code, message: error.message };
  }
  if (isAbort(error)) {
    return { code: "unreachable", message: t("The request was broken off.") };
  }
  log.error(`Bug in "${during}": ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return { code: "bug", message: t("Something went wrong in the extension itself. The log has the details.") };
}

function isPageMessage(message: unknown): message is PageMessage {
  if (typeof message !== "object" || message === null) {
    return false;
  }
  const { kind, id, name } = message as Partial<Record<string, unknown>>;
  return typeof id === "string" && (kind === "cancel" || (kind === "request" && typeof name === "string"));
}
