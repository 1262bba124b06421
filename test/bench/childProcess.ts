/** Helpers of the measurement run as processes of their own, so that their work is not counted as ours. */
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

export interface Child<Ready> {
  readonly ready: Ready;
  /** Sends a message and waits for the answer to it. */
  ask<T>(message: string): Promise<T>;
  close(): Promise<void>;
}

/** Starts a file of this folder; its first message says that it is ready. */
export async function startChild<Ready>(file: string, args: readonly string[]): Promise<Child<Ready>> {
  const child = fork(path.join(import.meta.dirname, file), args, { execArgv: ["--import", "tsx"] });
  const ended = once(child, "exit");
  const next = async (): Promise<unknown> => {
    const [message] = (await Promise.race([
      once(child, "message"),
      ended.then(() => Promise.reject(new Error(`${file} ended.`))),
    ])) as unknown[];
    return message;
  };
  return {
    ready: (await next()) as Ready,
    async ask<T>(message: string) {
      const answer = next();
      child.send(message);
      return (await answer) as T;
    },
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The other side: says that it is ready, then answers until its parent goes. */
export function serveParent(ready: unknown, answer: (message: string) => unknown = () => undefined): void {
  process.on("message", (message: string) => process.send?.(answer(message) ?? null));
  process.once("disconnect", () => process.exit());
  process.send?.(ready);
}
