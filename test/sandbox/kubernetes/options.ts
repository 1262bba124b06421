import type { Call } from "./call.ts";
import { badRequest, invalidOptions, StatusError } from "./status.ts";

function forbiddenMatch(why: string): StatusError {
  return invalidOptions("ListOptions", {
    reason: "FieldValueForbidden",
    message: `Forbidden: ${why}`,
    field: "resourceVersionMatch",
  });
}

/** @throws 400 or 422 where a list's or a watch's options make no sense */
export function checkListOptions(query: URLSearchParams): void {
  const limit = query.get("limit");
  if (limit && !/^-?\d+$/.test(limit)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(limit)}: invalid syntax`);
  }
  const match = query.get("resourceVersionMatch");
  if (query.get("sendInitialEvents") === "true" && match !== "NotOlderThan") {
    throw forbiddenMatch("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (match && !query.get("resourceVersion") && query.get("watch") !== "true") {
    throw forbiddenMatch("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  const version = query.get("resourceVersion");
  if (query.get("watch") === "true" && version && !/^\d+$/.test(version)) {
    const message = `resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`;
    throw new StatusError(500, "", message);
  }
}

const optionsOf: Readonly<Record<string, string>> = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
  delete: "DeleteOptions",
  deletecollection: "DeleteOptions",
};

/** @throws 422 for a `dryRun` that is not `All` */
export function checkDryRun(call: Call, verb: string): void {
  const values = call.request.query.getAll("dryRun");
  const kind = optionsOf[verb];
  if (kind !== undefined && values.some((value) => value !== "All" && value !== "")) {
    const message = `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`;
    throw invalidOptions(kind, { reason: "FieldValueNotSupported", message, field: "dryRun" });
  }
}
