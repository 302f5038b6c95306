import type { FastifyInstance, FastifyRequest } from "fastify";
import { CidrTable } from "../../core/cidr.js";
import { GatewayError } from "../../core/errors.js";
import type { ApiContext } from "../api-context.js";
import { ApiError } from "../errors.js";
import { KeyRing, offeredKey } from "./key-ring.js";
import { mayDo, type Principal } from "./permissions.js";

const BROWSER_PAGES = /^\/docs(\/|$)/;

/** Proxies add the first two, browsers the others (also those that DNS rebinding has sent to us). */
const OTHERS_THAN_A_SWITCH = ["x-forwarded-for", "forwarded", "origin", "sec-fetch-site"] as const;

/**
 * Says who asks, before rate limits count the request by that; refuses who may not, after they have counted it.
 * A route that forgot to state its permission is refused to everybody.
 */
export class Guard {
  readonly #keys: KeyRing;
  readonly #switchSources: CidrTable<true>;
  readonly #context: ApiContext;

  constructor(context: ApiContext) {
    const { keys, switchSources } = context.options;
    this.#context = context;
    this.#keys = new KeyRing(keys, context.sha256Hex);
    const table = CidrTable.of(switchSources.map((cidr) => [cidr, true] as const));
    if (!table.ok) throw new GatewayError("config.invalid", `http.switchSources: ${table.error.text}`);
    this.#switchSources = table.value;
  }

  install(app: FastifyInstance): void {
    app.decorateRequest("principal");
    app.addHook("onRequest", (request, _reply, done) => {
      request.principal = this.#identify(request);
      done();
    });
    app.addHook("preParsing", (request, reply, _payload, done) => {
      const refusal = this.#refusal(request);
      if (refusal?.statusCode === 401) void reply.header("www-authenticate", challenge(request));
      done(refusal);
    });
  }

  #identify(request: FastifyRequest): Principal {
    const offered = offeredKey(
      request.headers.authorization,
      singleHeader(request, "x-api-key"),
      BROWSER_PAGES.test(request.url),
    );
    const key = offered === undefined ? undefined : this.#keys.find(offered);
    if (key !== undefined) return { ...key, refusal: undefined };
    // Who sends a key means it to count: one that is wrong is told so, also on a trusted address.
    const isKeyless = offered === undefined && request.headers.authorization === undefined;
    const { events = false } = request.routeOptions.config;
    if (events && isKeyless && this.#isSwitchSource(request)) {
      return { id: "switch-source", role: "switch", refusal: undefined };
    }
    return { id: "unauthenticated", role: "none", refusal: offered === undefined ? "no-key" : "bad-key" };
  }

  /** A proxy on a trusted address that speaks for somebody else is not the switch; nor is a page in a browser there. */
  #isSwitchSource({ headers, ip }: FastifyRequest): boolean {
    const others = OTHERS_THAN_A_SWITCH.some((name) => headers[name] !== undefined);
    return !others && this.#switchSources.has(ip);
  }

  #refusal(request: FastifyRequest): ApiError | undefined {
    // Unknown paths and methods have no handler to guard: they answer 404 and 405.
    if (request.is404) return undefined;
    const { principal } = request;
    const { permission } = request.routeOptions.config;
    if (permission !== undefined && mayDo(principal, permission)) return undefined;
    const status = principal.role === "none" ? 401 : 403;
    this.#context.trail.refused({
      action: status === 401 ? "auth.refused" : "auth.forbidden",
      actor: principal.id,
      role: principal.role,
      target: `${request.method} ${request.routeOptions.url ?? ""}`,
      source: request.ip,
      status,
    });
    if (status === 403) return new ApiError(403, "auth.forbidden", `the role ${principal.role} may not do this`);
    return new ApiError(401, "auth.required", this.#why(principal));
  }

  #why(principal: Principal): string {
    if (this.#keys.empty)
      return "no API key is configured (http.apiKeys), so only event reports and /health are served";
    return principal.refusal === "bad-key" ? "this API key is not known" : "send an API key: Authorization: Bearer KEY";
  }
}

const challenge = (request: FastifyRequest): string =>
  BROWSER_PAGES.test(request.url) ? 'Basic realm="ringfence", charset="UTF-8"' : 'Bearer realm="ringfence"';

function singleHeader(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
