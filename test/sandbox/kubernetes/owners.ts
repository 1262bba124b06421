import { keyOf, type KubeObject } from "./object.ts";
import type { Change, Store } from "./store.ts";

interface Place {
  readonly resource: string;
  readonly key: string;
}

/** Who belongs to whom, by the uid in owner references. */
export class Owners {
  readonly #dependents = new Map<string, Map<string, Place>>();

  constructor(readonly store: Store) {}

  /** Keeps the index; to be told of every change first. */
  see({ resource, object, previous, type }: Change): void {
    const key = keyOf(object);
    for (const owner of previous?.metadata.ownerReferences ?? []) {
      this.#dependents.get(owner.uid)?.delete(`${resource}|${key}`);
    }
    for (const owner of type === "DELETED" ? [] : (object.metadata.ownerReferences ?? [])) {
      const places = this.#dependents.get(owner.uid) ?? new Map<string, Place>();
      places.set(`${resource}|${key}`, { resource, key });
      this.#dependents.set(owner.uid, places);
    }
  }

  dependents(uid: string | undefined, resource?: string): readonly KubeObject[] {
    return [...(this.#dependents.get(uid ?? "")?.values() ?? [])]
      .filter((place) => resource === undefined || place.resource === resource)
      .flatMap((place) => this.store.get(place.resource, place.key) ?? []);
  }

  places(uid: string | undefined): readonly Place[] {
    return [...(this.#dependents.get(uid ?? "")?.values() ?? [])];
  }
}

/** The controller among an object's owners. */
export function controllerOf(
  object: KubeObject,
): { readonly kind: string; readonly name: string; readonly uid: string } | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

export function ownerReference(owner: KubeObject): NonNullable<KubeObject["metadata"]["ownerReferences"]> {
  return [
    {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.metadata.name,
      uid: owner.metadata.uid ?? "",
      controller: true,
      blockOwnerDeletion: true,
    },
  ];
}
