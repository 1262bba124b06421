import type {
  Pipeline,
  PipelinePolicy,
  PipelineResponse,
  SendRequest,
  PipelineRequest,
} from "@azure/core-rest-pipeline";

import { ServiceError, isAbort } from "../errors.ts";
import { t } from "../l10n.ts";
import type { Timing } from "./pipeline.ts";
import { errorOfAnswer, noAnswer, toServiceError } from "./serviceError.ts";

interface SdkCall {
  readonly timing: Timing;
  readonly target: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * The shared pipeline for one call of an SDK client. Failures become `ServiceError`s before the SDK sees them, since its own errors drop the service's text;
 * and every page of a list gets the signal, which the SDK passes to the first page only.
 */
export function pipelineForSdk(shared: Pipeline, call: SdkCall): Pipeline {
  const pipeline = shared.clone();
  pipeline.addPolicy(sdkPolicy(call), { phase: "Serialize" });
  return pipeline;
}

function sdkPolicy({ timing, target, signal }: SdkCall): PipelinePolicy {
  return {
    name: "azureSdkCall",
    async sendRequest(request, next) {
      request.timeout = timing.answerWithinMs;
      if (signal) {
        request.abortSignal = signal;
      }
      const answer = await sendOrThrow(request, next, { timing, target, signal });
      if (answer.status >= 400) {
        throw errorOfAnswer(answer, target);
      }
      return answer;
    },
  };
}

async function sendOrThrow(request: PipelineRequest, next: SendRequest, call: SdkCall): Promise<PipelineResponse> {
  try {
    return await next(request);
  } catch (error) {
    const isOurLimit = isAbort(error) && !call.signal?.aborted;
    throw isOurLimit ? noAnswer(call.target, call.timing) : toServiceError(error, call.target);
  }
}

/** What is left when the SDK itself fails: an answer it cannot read. Its message may hold the whole body, so none of it is kept. */
export function errorOfSdk(error: unknown, target: string): Error {
  if (error instanceof ServiceError || isAbort(error)) {
    return error as Error;
  }
  return new ServiceError("unexpectedResponse", t('Azure\'s answer for "{0}" is not as documented.', target), {
    target,
  });
}
