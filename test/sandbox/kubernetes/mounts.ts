import { isRecord, listAt, textAt, type KubeObject } from "./object.ts";
import type { Store } from "./store.ts";

interface MountFailure {
  readonly volume: string;
  readonly message: string;
}

/** What a CSI driver has put into a volume. */
export interface MountedFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

export type MountResult = { readonly files: readonly MountedFile[] } | { readonly error: string };

export type MountVolume = (pod: KubeObject, volume: Record<string, unknown>) => MountResult;

/** The volumes of running pods and what is in them; secrets stay in memory. */
export class Mounts {
  readonly #files = new Map<string, Map<string, readonly MountedFile[]>>();

  constructor(
    readonly store: Store,
    readonly mountVolume: MountVolume,
  ) {}

  /** Sets up every volume of a pod. @returns what failed */
  mount(pod: KubeObject): readonly MountFailure[] {
    return listAt(pod, "spec.volumes").flatMap((volume): readonly MountFailure[] => {
      const name = textAt(volume, "name");
      const missing = this.#missing(pod, volume);
      if (missing !== undefined) {
        return [{ volume: name, message: missing }];
      }
      if (!isRecord(volume["csi"])) {
        return [];
      }
      const result = this.mountVolume(pod, volume);
      if ("error" in result) {
        return [{ volume: name, message: result.error }];
      }
      this.set(pod, name, result.files);
      return [];
    });
  }

  set(pod: KubeObject, volume: string, files: readonly MountedFile[]): void {
    const uid = pod.metadata.uid ?? "";
    const volumes = this.#files.get(uid) ?? new Map<string, readonly MountedFile[]>();
    volumes.set(volume, files);
    this.#files.set(uid, volumes);
  }

  unmount(pod: KubeObject): void {
    this.#files.delete(pod.metadata.uid ?? "");
  }

  files(pod: KubeObject, volume: string): readonly MountedFile[] | undefined {
    return this.#files.get(pod.metadata.uid ?? "")?.get(volume);
  }

  #missing(pod: KubeObject, volume: Record<string, unknown>): string | undefined {
    for (const [kind, field] of [
      ["secret", "secretName"],
      ["configMap", "name"],
    ] as const) {
      const source = volume[kind];
      const name = textAt(source, field);
      const table = kind === "secret" ? "secrets" : "configmaps";
      const isGone = this.store.get(table, `${pod.metadata.namespace ?? ""}/${name}`) === undefined;
      if (isRecord(source) && isGone && source["optional"] !== true) {
        return `${kind.toLowerCase()} "${name}" not found`;
      }
    }
    return undefined;
  }
}
