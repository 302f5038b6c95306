import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ApiContext } from "./api-context.js";
import { ApiError } from "./errors.js";

/** Without a key a source gets this share of the requests a minute. */
const KEYLESS_SHARE = 10;
const MINUTE_MS = 60_000;
/** Different keys and sources that the rate limit counts at a time; the one seen longest ago is forgotten first. */
const RATE_LIMIT_SLOTS = 10_000;

const isEvent = (request: FastifyRequest): boolean => request.routeOptions.config.events === true;
const isKnown = (request: FastifyRequest): boolean => request.principal.role !== "none";
const byKey = (request: FastifyRequest): boolean => isKnown(request) && request.principal.id !== "switch-source";

const keylessPerMinute = ({ options }: ApiContext): number =>
  Math.max(1, Math.ceil(options.limits.requestsPerMinute / KEYLESS_SHARE));

const tooMany = (): ApiError => new ApiError(429, "rate.limited", "too many requests; see Retry-After");

/** Of all routes but those that say `rateLimit: false`. */
export async function installRateLimits(app: FastifyInstance, context: ApiContext): Promise<void> {
  const { requestsPerMinute, eventRequestsPerSecond } = context.options.limits;
  const keyless = keylessPerMinute(context);
  await app.register(rateLimit, {
    global: true,
    cache: RATE_LIMIT_SLOTS,
    keyGenerator: (request) =>
      `${isEvent(request) && isKnown(request) ? "events" : "all"} ${byKey(request) ? request.principal.id : request.ip}`,
    max: (request) => {
      if (!isKnown(request)) return keyless;
      return isEvent(request) ? eventRequestsPerSecond : requestsPerMinute;
    },
    timeWindow: (request) => (isEvent(request) && isKnown(request) ? 1_000 : MINUTE_MS),
    onExceeded: (request) => noteLimited(context, request),
    errorResponseBuilder: tooMany,
  });
}

/**
 * For the route that a signature opens, which is known only when the body is there: it has to say `rateLimit: false`. What is signed counts as
 * a key's requests do, what is not as those without a key, apart: no flood of others, through the same proxy, keeps out what is signed.
 * @returns Counts one request. @throws ApiError 429
 */
export function signedRateLimit(
  app: FastifyInstance,
  context: ApiContext,
): (request: FastifyRequest, isSigned: boolean, retryAfter: (seconds: number) => void) => Promise<void> {
  const counter = (max: number, name: string) =>
    app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator: (request) => `${name} ${request.ip}` });
  const signed = counter(context.options.limits.requestsPerMinute, "signed");
  const unsigned = counter(keylessPerMinute(context), "unsigned");
  return async (request, isSigned, retryAfter) => {
    const counted = await (isSigned ? signed : unsigned)(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    noteLimited(context, request);
    retryAfter(counted.ttlInSeconds);
    throw tooMany();
  };
}

function noteLimited({ trail }: ApiContext, request: FastifyRequest): void {
  const { id, role } = request.principal;
  const target = `${request.method} ${request.routeOptions.url ?? "unknown"}`;
  trail.refused({ action: "rate.limited", actor: id, role, target, source: request.ip, status: 429 });
}
