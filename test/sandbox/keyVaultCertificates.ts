import type { VaultRoute } from "./keyVaultRoutes.ts";

export const certificateRoutes: readonly VaultRoute[] = [];
