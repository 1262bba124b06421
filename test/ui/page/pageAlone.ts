import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { build } from "esbuild";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

import { pageHtml } from "../../../src/wizard/pageHtml.ts";
import type { Handlers, Names, WizardEvents, WizardRequests } from "../../../src/wizard/protocol.ts";
import { serve } from "../../../src/wizard/serve.ts";
import { wizardTexts } from "../../../src/wizard/texts.ts";
import { chromiumOptions } from "../../harness/browser.ts";
import { themes, type Theme, type ThemeName } from "./themes.ts";

/** The page in a browser of its own, with `serve` and handlers of the test's choice on the other end. */
export interface PageAlone {
  readonly page: Page;
  /** Every message that crossed the wire, either way. */
  readonly messages: readonly unknown[];
  /** What went to the log. */
  readonly logged: readonly string[];
  readonly emit: <K extends Names<WizardEvents>>(name: K, value: WizardEvents[K]) => Promise<void>;
  readonly setTheme: (theme: ThemeName) => Promise<void>;
  /** What the page has saved by `setState`. */
  readonly savedState: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** Serves the built page and opens it as often as asked. One per suite. */
export interface PageServer {
  open(
    handlers: Handlers<WizardRequests>,
    how?: { readonly theme?: ThemeName; readonly width?: number },
  ): Promise<PageAlone>;
  close(): Promise<void>;
}

export async function startPageServer(): Promise<PageServer> {
  const files = await buildPage();
  const server = createServer(({ url }, response) => {
    const [path, theme] = (url ?? "/").split("?");
    const name = theme?.split("&")[0] as ThemeName;
    const made: Record<string, () => string> = {
      "/": () => documentFor(origin, name),
      "/theme.css": () => themeCss(themes[name]),
    };
    const file = made[path ?? ""]?.() ?? files.get(path ?? "");
    response.writeHead(file === undefined ? 404 : 200, { "content-type": contentType(path ?? "") });
    response.end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch(chromiumOptions());
  return {
    open: (handlers, { theme = "dark", width = 300 } = {}) => openPage({ browser, origin, handlers, theme, width }),
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The page's bundle, built as the product builds it. */
export async function buildPage(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [
      { in: "src/wizard/page/main.ts", out: "wizard" },
      { in: "src/wizard/page/page.css", out: "wizard" },
    ],
    ...{ bundle: true, minify: true, write: false, outdir: "/", platform: "browser", format: "iife" },
    target: ["chrome128"],
    tsconfig: "src/wizard/page/tsconfig.json",
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}

function contentType(path: string): string {
  return path.endsWith(".css") ? "text/css" : path.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8";
}

function documentFor(origin: string, theme: ThemeName): string {
  const html = pageHtml({
    scriptUri: "/wizard.js",
    styleUri: "/wizard.css",
    cspSource: origin,
    nonce: "test",
    language: "en",
    title: "Setup",
    texts: wizardTexts(),
  });
  return html
    .replace("</head>", `<link rel="stylesheet" href="/theme.css?${theme}"></head>`)
    .replace("<body ", `<body class="${themes[theme].bodyClass}" `);
}

function themeCss({ variables }: Theme): string {
  const lines = Object.entries(variables).map(([name, value]) => `--vscode-${name}: ${value};`);
  return `:root { ${lines.join(" ")} background: var(--vscode-sideBar-background); }`;
}

interface Opening {
  readonly browser: Browser;
  readonly origin: string;
  readonly handlers: Handlers<WizardRequests>;
  readonly theme: ThemeName;
  readonly width: number;
}

async function openPage({ browser, origin, handlers, theme, width }: Opening): Promise<PageAlone> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  const messages: unknown[] = [];
  const logged: string[] = [];
  const post = async (message: unknown): Promise<void> => {
    messages.push(message);
    await page.evaluate(`window.postMessage(${JSON.stringify(message)})`);
  };
  // A page that is closing cannot be told anything.
  const postQuietly = (message: unknown) => void post(message).catch(() => undefined);
  const server = serve(() => Promise.resolve(handlers), postQuietly, { error: (line) => logged.push(line) });
  await page.exposeFunction("postToHost", (message: unknown) => {
    messages.push(message);
    server.receive(message);
  });
  page.on("pageerror", (error) => logged.push(String(error)));
  page.on("console", (line) => {
    if (line.type() === "error") {
      logged.push(line.text());
    }
  });
  await stageWebview(context);
  await page.goto(`${origin}/?${theme}`);
  return {
    page,
    messages,
    logged,
    emit: (name, value) => post({ kind: "event", name, value }),
    setTheme: (to) => changeTheme(page, to),
    savedState: () => page.evaluate<unknown>('JSON.parse(sessionStorage.getItem("state") ?? "null")'),
    async close() {
      server.dispose();
      await context.close();
    },
  };
}

/** As VS Code does it: other variables, another class, the same page. */
async function changeTheme(page: Page, theme: ThemeName): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const link = document.querySelector('link[href^="/theme.css"]');
    link.addEventListener("load", resolve, { once: true });
    link.href = "/theme.css?${theme}&" + crypto.randomUUID();
    document.body.className = "${themes[theme].bodyClass}";
  })`);
}

/**
 * What VS Code gives a webview before its own script runs. As text, since functions of a test carry helpers of its compiler that the browser does not have.
 */
async function stageWebview(context: BrowserContext): Promise<void> {
  await context.addInitScript(`
    globalThis.acquireVsCodeApi = () => ({
      postMessage: (message) => postToHost(JSON.parse(JSON.stringify(message))),
      getState: () => JSON.parse(sessionStorage.getItem("state") ?? "null"),
      setState: (state) => sessionStorage.setItem("state", JSON.stringify(state)),
    });
  `);
}
