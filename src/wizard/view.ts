import { randomBytes } from "node:crypto";

import * as vscode from "vscode";

import { viewIds } from "../manifest.ts";
import { setTranslate } from "../services/l10n.ts";
import type { Logger } from "../services/log.ts";
import { pageHtml } from "./pageHtml.ts";
import type { HostMessage } from "./protocol.ts";
import { serve } from "./serve.ts";
import type { WizardEffects, WizardSession } from "./handlers.ts";
import { wizardTexts } from "./texts.ts";

/** What the view needs of the extension. */
export interface SetupViewParts {
  readonly extensionUri: vscode.Uri;
  readonly log: Logger;
  /** Loads the lazy half (`createWizardSession` of handlers.ts over the services). Called once, when the view is first shown. */
  startSession(effects: WizardEffects): Promise<WizardSession>;
}

/** The wizard in the sidebar. */
export interface SetupView extends vscode.Disposable {
  /** Shows it, at a cluster if one is named. */
  open(at?: { readonly clusterId?: string | undefined }): Promise<void>;
}

/** Registers the view. The session outlives the page: a hidden page is destroyed, but what it started goes on. */
export function registerSetupView(parts: SetupViewParts): SetupView {
  let session: Promise<WizardSession> | undefined;
  let post: ((message: HostMessage) => void) | undefined;

  const effects: WizardEffects = {
    copyText: async (text) => vscode.env.clipboard.writeText(text),
    openExternal: async (url) => {
      await vscode.env.openExternal(vscode.Uri.parse(url));
    },
    emit: (name, value) => post?.({ kind: "event", name, value }),
    log: parts.log,
  };
  setTranslate((message, ...args) => vscode.l10n.t(message, ...args));
  const getSession = () => (session ??= startOnce());

  async function startOnce(): Promise<WizardSession> {
    try {
      return await parts.startSession(effects);
    } catch (error) {
      session = undefined;
      throw error;
    }
  }

  function resolveWebviewView(view: vscode.WebviewView): void {
    const { webview } = view;
    const dist = vscode.Uri.joinPath(parts.extensionUri, "dist");
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const postHere = (message: HostMessage) => void webview.postMessage(message);
    post = postHere;
    const wire = serve(async () => (await getSession()).handlers, postHere, parts.log);
    const listener = webview.onDidReceiveMessage((message: unknown) => {
      wire.receive(message);
    });
    view.onDidDispose(() => {
      listener.dispose();
      wire.dispose();
      if (post === postHere) {
        post = undefined;
      }
    });
    webview.html = htmlFor(webview, dist);
  }

  const registration = vscode.window.registerWebviewViewProvider(viewIds.setup, { resolveWebviewView });
  return {
    async open(at) {
      if (at?.clusterId !== undefined) {
        (await getSession()).open(at.clusterId);
      }
      await vscode.commands.executeCommand(`${viewIds.setup}.focus`);
    },
    dispose() {
      registration.dispose();
      void session?.then((started) => {
        started.dispose();
      });
    },
  };
}

function htmlFor(webview: vscode.Webview, dist: vscode.Uri): string {
  return pageHtml({
    scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, "wizard.js")).toString(),
    styleUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, "wizard.css")).toString(),
    cspSource: webview.cspSource,
    nonce: randomBytes(16).toString("base64"),
    language: vscode.env.language,
    title: vscode.l10n.t("Key Vault CSI Setup"),
    texts: wizardTexts(),
  });
}
