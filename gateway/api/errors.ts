import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { GatewayError, type ErrorCode } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { ApiErrorCode } from "./api-errors.js";

/** A request that cannot be done, as the client is told. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly statusCode: number;
  readonly code: ApiErrorCode | ErrorCode;
  readonly path: string | undefined;

  constructor(statusCode: number, code: ApiErrorCode | ErrorCode, message: string, path?: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
    this.path = path;
  }
}

interface Problem {
  readonly status: number;
  readonly code: ApiErrorCode | ErrorCode;
  readonly message: string;
  readonly path?: string | undefined;
}

/** Codes of Fastify's own refusals, in our words. */
const FASTIFY_CODES: Readonly<Record<string, ApiErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: "request.malformed-json",
  FST_ERR_CTP_EMPTY_JSON_BODY: "request.malformed-json",
  FST_ERR_CTP_BODY_TOO_LARGE: "request.too-large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "request.media-type",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "request.content-length",
  FST_ERR_HANDLER_TIMEOUT: "request.timed-out",
};

/** Asked for in good form, but not possible: the message says why. */
const TOLD: ReadonlySet<ErrorCode> = new Set([
  "config.invalid",
  "tls.certificate",
  "block.refused",
  "trace.refused",
  "subject.forgotten",
]);

/** One shape for every error: `{error: {code, message, path?}}`. What went wrong inside is logged, not told. */
export function errorHandler(log: Log) {
  return (
    error: FastifyError | ApiError | GatewayError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply => {
    const problem = readProblem(error);
    // What a route tells the client itself it has understood.
    const isUnderstood = error instanceof ApiError || (error instanceof GatewayError && error.retryable);
    if (problem.status >= 500 && !isUnderstood) {
      log.error("api.failed", { route: request.routeOptions.url ?? "unknown", status: problem.status }, error);
    }
    if (problem.status === 503) void reply.header("retry-after", "1");
    return sendProblem(reply, problem);
  };
}

export function sendProblem(reply: FastifyReply, { status, code, message, path }: Problem): FastifyReply {
  const body = { error: { code, message, ...(path === undefined ? {} : { path }) } };
  return reply.code(status).type("application/json; charset=utf-8").serializer(JSON.stringify).send(body);
}

function readProblem(error: FastifyError | ApiError | GatewayError): Problem {
  if (error instanceof ApiError)
    return { status: error.statusCode, code: error.code, message: error.message, path: error.path };
  if (error instanceof GatewayError && TOLD.has(error.code)) {
    return { status: 422, code: error.code, message: error.message };
  }
  if (error instanceof GatewayError) {
    const message = error.retryable ? "temporarily not available" : "the gateway could not do this";
    return { status: error.retryable ? 503 : 500, code: error.code, message };
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const first = error.validation[0];
    const path = first === undefined ? undefined : first.instancePath.slice(1).replaceAll("/", ".");
    return {
      status: 400,
      code: "request.invalid",
      message: first?.message ?? "not valid",
      path: path === "" ? undefined : path,
    };
  }
  const status = error.statusCode ?? 500;
  if (status < 400 || status >= 500) {
    const code = FASTIFY_CODES[error.code];
    return {
      status: code === undefined ? 500 : status,
      code: code ?? "internal",
      message: code === undefined ? "internal error" : error.message,
    };
  }
  return { status, code: FASTIFY_CODES[error.code] ?? "request.refused", message: error.message };
}
