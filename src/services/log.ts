/** Where the service layer writes its log. VS Code's `LogOutputChannel` fits it, and so does an array in a test. */
export interface Logger {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
