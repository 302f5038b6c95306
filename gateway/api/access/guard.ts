import type { FastifyInstance, FastifyRequest } from "fastify";
import type { CidrTable } from "../../core/cidr.js";
import type { ApiContext } from "../api-context.js";
import { ApiError } from "../errors.js";
import { KeyRing, offeredKey } from "./key-ring.js";
import { networksOf } from "./networks.js";
import { mayDo, type Principal } from "./permissions.js";
import { scopeOf } from "./scope.js";
import { grantOf, subjectId } from "./token-grants.js";
import { mayBeToken, refusalText } from "./token-text.js";

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
    this.#switchSources = networksOf("http.switchSources", switchSources);
  }

  install(app: FastifyInstance): void {
    app.decorateRequest("principal");
    app.addHook("onRequest", (request, _reply, done) => {
      const known = this.#identify(request);
      request.principal = known;
      const token = known.refusal === "bad-key" ? this.#tokenOf(request) : undefined;
      if (token === undefined) done();
      else
        void this.#identifyToken(token).then((principal) => {
          request.principal = principal;
          done();
        }, done);
    });
    app.addHook("preParsing", (request, reply, _payload, done) => {
      const refusal = this.#refusal(request);
      if (refusal?.statusCode === 401) void reply.header("www-authenticate", challenge(request));
      if (refusal?.statusCode === 503) void reply.header("retry-after", "30");
      done(refusal);
    });
  }

  #identify(request: FastifyRequest): Principal {
    const offered = offeredBy(request);
    const key = offered === undefined ? undefined : this.#keys.find(offered);
    if (key !== undefined) {
      const { id, role, teams } = key;
      return { id, role, scope: scopeOf(teams, this.#context.options.teams ?? []), refusal: undefined };
    }
    // Who sends a key means it to count: one that is wrong is told so, also on a trusted address.
    const isKeyless = offered === undefined && request.headers.authorization === undefined;
    const { events = false } = request.routeOptions.config;
    if (events && isKeyless && this.#isSwitchSource(request)) {
      return { id: "switch-source", role: "switch", refusal: undefined };
    }
    return { id: "unauthenticated", role: "none", refusal: offered === undefined ? "no-key" : "bad-key" };
  }

  /** What may be a token of the issuer, and is to be judged. */
  #tokenOf(request: FastifyRequest): string | undefined {
    if (this.#context.tokens === undefined) return undefined;
    const offered = offeredBy(request);
    return offered !== undefined && mayBeToken(offered) ? offered : undefined;
  }

  async #identifyToken(token: string): Promise<Principal> {
    const { tokens, options, sha256Hex } = this.#context;
    const verdict = await tokens?.verify(token);
    if (verdict === undefined || !verdict.ok) {
      return { id: "unauthenticated", role: "none", refusal: verdict?.error ?? "bad-key" };
    }
    const id = subjectId(verdict.value.subject, sha256Hex);
    const grant = grantOf(verdict.value, options.grants ?? []);
    return grant === undefined
      ? { id, role: "none", refusal: "no-grant" }
      : { id, role: grant.role, scope: scopeOf(grant.teams, options.teams ?? []), refusal: undefined };
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
    const { permission, scoped = false } = request.routeOptions.config;
    const isOpen = principal.scope === undefined || scoped || permission === "public" || permission === "docs.read";
    if (permission !== undefined && isOpen && mayDo(principal, permission)) return undefined;
    const status = statusOf(principal);
    this.#context.trail.refused({
      action: status === 403 ? "auth.forbidden" : "auth.refused",
      actor: principal.id,
      role: principal.role,
      target: `${request.method} ${request.routeOptions.url ?? ""}`,
      source: request.ip,
      status,
    });
    if (status === 503) return new ApiError(503, "oidc.unavailable", refusalText("unavailable"));
    if (status === 403) return new ApiError(403, "auth.forbidden", whyForbidden(principal, isOpen));
    return new ApiError(401, "auth.required", this.#why(principal));
  }

  #why(principal: Principal): string {
    const { refusal } = principal;
    if (refusal !== undefined && refusal !== "no-key" && refusal !== "bad-key" && refusal !== "no-grant") {
      return refusalText(refusal);
    }
    if (this.#keys.empty && this.#context.tokens === undefined)
      return "no API key is configured (http.apiKeys), so only event reports and /health are served";
    return refusal === "bad-key" ? "this API key is not known" : "send an API key: Authorization: Bearer KEY";
  }
}

/** Who is known but has no role is forbidden; who cannot be judged now may come again; all others are asked who they are. */
function statusOf({ role, refusal }: Principal): 401 | 403 | 503 {
  if (refusal === "unavailable") return 503;
  return role === "none" && refusal !== "no-grant" ? 401 : 403;
}

function whyForbidden({ role, refusal }: Principal, isOpen: boolean): string {
  if (refusal === "no-grant") return "no role is given to this token (access.oidc.grants)";
  return isOpen ? `the role ${role} may not do this` : "this is of all teams, and you may see the data of some only";
}

const challenge = ({ url, principal }: FastifyRequest): string => {
  if (BROWSER_PAGES.test(url)) return 'Basic realm="ringfence", charset="UTF-8"';
  // RFC 6750 §3: `error` only where a token came.
  const isBad = principal.refusal !== "no-key";
  return `Bearer realm="ringfence"${isBad ? ', error="invalid_token"' : ""}`;
};

const offeredBy = (request: FastifyRequest): string | undefined =>
  offeredKey(request.headers.authorization, singleHeader(request, "x-api-key"), BROWSER_PAGES.test(request.url));

function singleHeader(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
