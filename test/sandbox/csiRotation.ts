/** Secret rotation: the driver looks again, at the interval that the add-on is configured with. */
import { asObject, asText } from "./json.ts";
import { componentOf } from "./kubernetes/defects.ts";
import { recordEvent } from "./kubernetes/events.ts";
import type { Mounts } from "./kubernetes/mounts.ts";
import { isSame, listAt, textAt, type KubeObject } from "./kubernetes/object.ts";
import type { Store } from "./kubernetes/store.ts";
import { findAddon, propertiesOf } from "./nodeResources.ts";
import type { Cluster } from "./state.ts";

const lookEveryMs = 200;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Go duration in milliseconds; undefined where it is none. */
export function parseGoDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join("") === text;
  return isWhole
    ? parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ""] ?? 0), 0)
    : undefined;
}

interface RotationInput {
  readonly cluster: Cluster;
  readonly store: Store;
  readonly mounts: Mounts;
}

/** Real time wakes it, the sandbox's clock decides: advancing the clock is enough to see a rotation. */
export class Rotation {
  #last: number;
  readonly #timer: NodeJS.Timeout;

  constructor(readonly input: RotationInput) {
    this.#last = input.store.clock.now();
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const interval = this.#interval();
    const now = this.input.store.clock.now();
    if (interval === undefined || now - this.#last < interval) {
      return;
    }
    this.#last = now;
    for (const pod of [...this.input.store.all("pods")]) {
      this.#rotate(pod);
    }
  }

  /** Undefined: rotation is off. */
  #interval(): number | undefined {
    const addon = findAddon(propertiesOf(this.input.cluster));
    const config = asObject(addon?.["config"]);
    const isOn = addon?.["enabled"] === true && asText(config["enableSecretRotation"]) === "true";
    return isOn ? parseGoDuration(asText(config["rotationPollInterval"]) || "2m") : undefined;
  }

  #rotate(pod: KubeObject): void {
    const { mounts } = this.input;
    for (const volume of listAt(pod, "spec.volumes")) {
      const name = textAt(volume, "name");
      const before = mounts.files(pod, name);
      const className = textAt(volume, "csi.volumeAttributes.secretProviderClass");
      if (before === undefined || className === "") {
        continue;
      }
      const result = mounts.mountVolume(pod, volume);
      if ("error" in result) {
        this.#tell(pod, "Warning", "MountRotationFailed", `provider mount err: ${providerText(result.error)}`);
      } else if (!isSame(contents(before), contents(result.files))) {
        mounts.set(pod, name, result.files);
        const where = `${pod.metadata.namespace ?? ""}/${className}`;
        this.#tell(pod, "Normal", "MountRotationComplete", `successfully rotated mounted contents for spc ${where}`);
      }
    }
  }

  /** Since driver 1.6 a rotation is a remount by the kubelet: its errors are masked, and nobody records an event. */
  #tell(pod: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
    const driver = [...this.input.store.all("pods")].find((one) => componentOf(one.metadata.labels) === "driver");
    const images = listAt(driver, "spec.containers").map((container) => textAt(container, "image"));
    const minor = /secrets-store\/driver:v1\.(\d+)\./.exec(images.join(" "))?.[1];
    if (minor !== undefined && Number(minor) < 6) {
      recordEvent(this.input.store, pod, { type, reason, message }, { component: "csi-secrets-store-rotation" });
    }
  }
}

function contents(files: readonly { readonly path: string; readonly content: Buffer }[]): unknown {
  return files.map(({ path, content }) => [path, content.toString("base64")]);
}

/** Without what kubelet and driver put around it. */
function providerText(text: string): string {
  return text.replace(/^.*?, err: /s, "");
}
