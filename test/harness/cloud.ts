/** How an editor is pointed at the sandbox cloud: by the settings VS Code has for custom clouds, and a service principal in the environment. */

export interface SandboxAddress {
  readonly resourceManager: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export function sandboxSettings(sandbox: SandboxAddress): Record<string, unknown> {
  return {
    "microsoft-sovereign-cloud.environment": "custom",
    "microsoft-sovereign-cloud.customEnvironment": {
      name: "Sandbox",
      resourceManagerEndpointUrl: sandbox.resourceManager,
    },
    "keyVaultCsi.authentication.method": "environment",
  };
}

export function sandboxEnvironment(sandbox: SandboxAddress): Record<string, string> {
  return {
    AZURE_TENANT_ID: sandbox.tenantId,
    AZURE_CLIENT_ID: sandbox.clientId,
    AZURE_CLIENT_SECRET: sandbox.clientSecret,
  };
}
