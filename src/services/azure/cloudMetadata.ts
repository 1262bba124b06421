import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  proxyPolicy,
} from "@azure/core-rest-pipeline";
import * as z from "zod/mini";

import type { CallOptions } from "../call.ts";
import { ServiceError, isAbort } from "../errors.ts";
import { t } from "../l10n.ts";
import { parseBody, readJson } from "./answers.ts";
import { clouds, type Cloud } from "./cloud.ts";
import { realTiming } from "./pipeline.ts";
import { errorOfAnswer, noAnswer, toServiceError } from "./serviceError.ts";
import { abortError } from "./tokens.ts";

/** Which cloud to use, before anything is asked of it. Endpoints count for a custom cloud only; what is undefined is asked of its Resource Manager. */
export interface CloudSettings {
  readonly environment: Cloud["name"];
  readonly resourceManager: string | undefined;
  readonly authority: string | undefined;
  readonly keyVaultAudience: string | undefined;
  readonly keyVaultSuffix: string | undefined;
  readonly portal: string | undefined;
}

/**
 * The endpoints of the cloud that the settings name. A custom cloud that is not spelled out is asked once for its own, anonymously.
 *
 * @throws {ServiceError} `invalidRequest` when an endpoint is missing or no HTTPS address; `unreachable`; `unexpectedResponse`
 */
export async function resolveCloud(settings: CloudSettings, options?: CallOptions): Promise<Cloud> {
  if (settings.environment !== "custom") {
    return clouds[settings.environment];
  }
  const resourceManager = checkHttps(settings.resourceManager);
  const published = isComplete(settings) ? nothing : await askEndpoints(resourceManager, options);
  const keyVaultSuffix = settings.keyVaultSuffix ?? published.keyVaultSuffix ?? "";
  return {
    name: "custom",
    resourceManager,
    resourceManagerAudience: audienceOf(resourceManager, published.audiences),
    authority: checkHttps(settings.authority ?? published.authority),
    keyVaultAudience: checkHttps(settings.keyVaultAudience ?? `https://${keyVaultSuffix}`),
    keyVaultSuffix,
    portal: settings.portal ?? published.portal,
    // `AzureStackCloud` would need a file inside the provider; elsewhere the provider's own `--cloud-name` decides.
    secretProviderClassCloudName: undefined,
  };
}

function isComplete({ authority, keyVaultAudience, keyVaultSuffix }: CloudSettings): boolean {
  return authority !== undefined && keyVaultAudience !== undefined && keyVaultSuffix !== undefined;
}

/** The audience that is the Resource Manager itself, else the first one published; a trailing slash of another audience is part of it. */
function audienceOf(resourceManager: string, audiences: readonly string[]): string {
  const isOwn = audiences.length === 0 || audiences.some((audience) => withoutSlash(audience) === resourceManager);
  return isOwn ? resourceManager : (audiences[0] ?? resourceManager);
}

const Endpoints = z.object({
  portal: z.nullish(z.string()),
  authentication: z.object({ loginEndpoint: z.string(), audiences: z.array(z.string()) }),
  suffixes: z.nullish(z.object({ keyVaultDns: z.nullish(z.string()) })),
});

interface Published {
  readonly authority: string | undefined;
  readonly audiences: readonly string[];
  readonly keyVaultSuffix: string | undefined;
  readonly portal: string | undefined;
}

const nothing: Published = { authority: undefined, audiences: [], keyVaultSuffix: undefined, portal: undefined };

async function askEndpoints(resourceManager: string, { signal }: CallOptions = {}): Promise<Published> {
  const target = new URL(resourceManager).host;
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(proxyPolicy());
  const request = createPipelineRequest({
    url: `${resourceManager}/metadata/endpoints?api-version=2022-09-01`,
    timeout: realTiming.answerWithinMs,
    ...(signal ? { abortSignal: signal } : {}),
  });
  try {
    const answer = await pipeline.sendRequest(createDefaultHttpClient(), request);
    if (answer.status !== 200) {
      throw errorOfAnswer(answer, target);
    }
    return readEndpoints(parseBody(Endpoints, readJson(answer, true, target), target));
  } catch (error) {
    if (signal?.aborted) {
      throw abortError();
    }
    throw isAbort(error) ? noAnswer(target, realTiming) : toServiceError(error, target);
  }
}

function readEndpoints({ portal, authentication, suffixes }: z.output<typeof Endpoints>): Published {
  return {
    authority: withoutSlash(authentication.loginEndpoint),
    audiences: authentication.audiences,
    keyVaultSuffix: suffixes?.keyVaultDns?.replace(/^\./, ""),
    portal: portal ? withoutSlash(portal) : undefined,
  };
}

function checkHttps(address = ""): string {
  if (!URL.canParse(address) || new URL(address).protocol !== "https:") {
    throw new ServiceError(
      "invalidRequest",
      t('An endpoint of the custom cloud is no HTTPS address: "{0}"; check the settings.', address),
    );
  }
  return withoutSlash(address);
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, "");
}
