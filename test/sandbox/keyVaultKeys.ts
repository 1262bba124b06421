import type { VaultRoute } from "./keyVaultRoutes.ts";

export const keyRoutes: readonly VaultRoute[] = [];
