import type { CallOptions } from "../call.ts";

/** A resource group. */
export interface ResourceGroup {
  readonly name: string;
  readonly subscriptionId: string;
  readonly location: string;
}

/** An Azure region a subscription may use. */
export interface Location {
  /** `eastus2`. */
  readonly name: string;
  /** `East US 2`. */
  readonly displayName: string;
}

/** Resource groups, regions and provider registration of a subscription. */
export interface ResourceGroups {
  list(subscriptionId: string, options?: CallOptions): Promise<readonly ResourceGroup[]>;
  find(subscriptionId: string, name: string, options?: CallOptions): Promise<ResourceGroup | undefined>;
  /** Creates it, or leaves one that exists as it is. */
  ensure(
    subscriptionId: string,
    name: string,
    location: string,
    options?: CallOptions,
  ): Promise<{ readonly group: ResourceGroup; readonly isNew: boolean }>;
  /** Whether no resource lies in the group. */
  isEmpty(subscriptionId: string, name: string, options?: CallOptions): Promise<boolean>;
  /** Deletes the group with everything in it, and waits. */
  delete(subscriptionId: string, name: string, options?: CallOptions): Promise<void>;
  listLocations(subscriptionId: string, options?: CallOptions): Promise<readonly Location[]>;
  /** `Registered`, `NotRegistered`, `Registering` … of a namespace such as `Microsoft.KeyVault`. */
  getProviderState(subscriptionId: string, namespace: string, options?: CallOptions): Promise<string>;
  /** Registers a provider namespace and waits until it is registered. */
  registerProvider(subscriptionId: string, namespace: string, options?: CallOptions): Promise<void>;
}
