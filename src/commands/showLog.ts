import type { App } from "./command.ts";

export function showLog({ log }: App): void {
  log.show();
}
