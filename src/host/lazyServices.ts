import * as vscode from "vscode";

import { settingIds } from "../manifest.ts";
import { resolveCloud } from "../services/azure/cloudMetadata.ts";
import type { Cloud } from "../services/azure/cloud.ts";
import type { Logger } from "../services/log.ts";
import { createServices } from "../services/services.ts";
import type { Services } from "../services/services.ts";
import { createSignIn } from "./credential.ts";
import type { SignIn } from "./credential.ts";
import { connectionSections, readCloudSettings, readSetting } from "./settings.ts";

interface Connection {
  readonly cloud: Cloud;
  readonly signIn: SignIn;
}

/** The services of the cloud and account of the settings: made on first use, and anew when one of them changes. */
export class LazyServices implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  /** What was read before is of another cloud or another person. */
  readonly onDidChange = this.#changed.event;
  readonly #listening: vscode.Disposable;
  #connection: Promise<Connection> | undefined;
  #opened: Connection | undefined;
  #services: Services | undefined;

  constructor(readonly log: Logger) {
    this.#listening = vscode.workspace.onDidChangeConfiguration((event) => {
      if (connectionSections.some((section) => event.affectsConfiguration(section))) {
        this.#close();
        this.#changed.fire();
      }
    });
  }

  async get(): Promise<Services> {
    const { cloud, signIn } = await this.#connect();
    this.#services ??= createServices({
      cloud,
      credential: signIn.credential,
      log: this.log,
      translate: (message, ...args) => vscode.l10n.t(message, ...args),
    });
    return this.#services;
  }

  /** Asks the person to sign in, where the method can. */
  async signIn(): Promise<void> {
    const { signIn } = await this.#connect();
    await signIn.signIn();
  }

  /** Who is signed in and how; undefined before anybody has asked. */
  describe(): string | undefined {
    return this.#opened?.signIn.describe();
  }

  dispose(): void {
    this.#close();
    this.#listening.dispose();
    this.#changed.dispose();
  }

  #connect(): Promise<Connection> {
    this.#connection ??= this.#open();
    return this.#connection;
  }

  async #open(): Promise<Connection> {
    try {
      const cloud = await resolveCloud(readCloudSettings());
      const signIn = createSignIn({ cloud, method: readSetting(settingIds.authenticationMethod) });
      signIn.onDidChange(() => {
        this.#services = undefined;
        this.#changed.fire();
      });
      this.#opened = { cloud, signIn };
      return this.#opened;
    } catch (error) {
      // A cloud that could not be asked may answer the next time.
      this.#connection = undefined;
      throw error;
    }
  }

  #close(): void {
    this.#opened?.signIn.dispose();
    this.#opened = undefined;
    this.#connection = undefined;
    this.#services = undefined;
  }
}
