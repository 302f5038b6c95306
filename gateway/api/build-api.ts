import helmet from "@fastify/helmet";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import Fastify, { type FastifyInstance } from "fastify";
import { jsonSchemaTransform, validatorCompiler } from "fastify-type-provider-zod";
import { AuditTrail } from "./access/audit-trail.js";
import { whoMay } from "./access/permissions.js";
import { Guard } from "./access/guard.js";
import { networksOf } from "./access/networks.js";
import type { ApiContext } from "./api-context.js";
import type { ApiDeps } from "./api-options.js";
import { errorHandler, sendProblem } from "./errors.js";
import { installRateLimits } from "./rate-limits.js";
import { countRequests } from "./request-metrics.js";
import { RouteTable } from "./route-table.js";
import { adminRoutes } from "./routes/admin.js";
import { alertCaseRoutes } from "./routes/alert-cases.js";
import { analyzeRoutes } from "./routes/analyze.js";
import { blockRoutes } from "./routes/blocks.js";
import { disconnectRoutes } from "./routes/disconnect.js";
import { eventRoutes } from "./routes/events.js";
import { findingRoutes } from "./routes/findings.js";
import { heardRoutes } from "./routes/heard.js";
import { recordingRoutes } from "./routes/recordings.js";
import { recordRoutes } from "./routes/records.js";
import { reportRoutes } from "./routes/reports.js";
import { statusRoutes } from "./routes/status.js";
import { subjectRoutes } from "./routes/subjects.js";
import { transcriptRoutes } from "./routes/transcripts.js";
import { answerBrokenHttp, limitSlowBodies } from "./slow-bodies.js";

const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";
const ALL_ROUTES = [
  eventRoutes,
  disconnectRoutes,
  statusRoutes,
  alertCaseRoutes,
  blockRoutes,
  recordRoutes,
  findingRoutes,
  heardRoutes,
  transcriptRoutes,
  subjectRoutes,
  adminRoutes,
  analyzeRoutes,
  recordingRoutes,
  reportRoutes,
];
const ORDINARY_BODY_BYTES = 256 * 1024;

/** What `buildApi` makes: Fastify's server, `inject`ed or listening. */
export type Api = FastifyInstance;

/**
 * The HTTP API, not listening yet: `inject` or `listen` it. `close` writes what is still counted for the audit log.
 * @throws GatewayError `config.invalid` when `switchSources` or `trustedProxies` has something that is no network.
 */
export async function buildApi(deps: ApiDeps): Promise<Api> {
  const { limits } = deps.options;
  const app = Fastify({
    // The client is the last one of X-Forwarded-For that is no such proxy; from anybody else the header says nothing.
    trustProxy: trustOf(deps.options.trustedProxies ?? []),
    bodyLimit: Math.min(ORDINARY_BODY_BYTES, limits.maxBodyBytes),
    // For the slowest body that any route takes; each has its own limit (slow-bodies.ts).
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.uploadTimeoutMs),
    connectionTimeout: limits.endCallsTimeoutMs + limits.requestTimeoutMs,
    keepAliveTimeout: 72_000,
    handlerTimeout: limits.handlerTimeoutMs,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler: (error, socket) => answerBrokenHttp(error, socket),
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, {
        status: error.statusCode ?? 400,
        code: "request.malformed",
        message: "the URL cannot be read",
      });
    },
  });
  app.server.maxConnections = limits.maxConnections;
  app.server.headersTimeout = limits.requestTimeoutMs;
  const trail = new AuditTrail(deps.clock, deps.random, deps.audit);
  const context: ApiContext = { ...deps, trail };
  app.setValidatorCompiler(validatorCompiler);
  // Answers are our own data: their schemas are for the OpenAPI document and the tests, not for a check at run time.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(errorHandler(deps.log));
  // Only JSON comes in: a browser page elsewhere cannot send that without asking first (no CORS).
  app.removeContentTypeParser("text/plain");
  countRequests(app, deps);
  limitSlowBodies(app, deps);
  new Guard(context).install(app);
  const table = new RouteTable();
  app.addHook("onRoute", (route) => table.add(route));
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Whether there is TLS in front of us is the proxy's to know and to promise.
    strictTransportSecurity: false,
  });
  await installRateLimits(app, context);
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const allowed = table.methodsOf(request.url);
    if (allowed.length === 0)
      return sendProblem(reply, { status: 404, code: "request.not-found", message: "no such route" });
    void reply.header("allow", allowed.join(", "));
    return sendProblem(reply, { status: 405, code: "request.method", message: `use ${allowed.join(" or ")} here` });
  });
  await installDocs(app, deps.options.version);
  for (const routes of ALL_ROUTES) routes(app, context);
  app.addHook("onClose", () => trail.close());
  return app;
}

/** @throws GatewayError `config.invalid` */
function trustOf(trustedProxies: readonly string[]): false | ((address: string) => boolean) {
  if (trustedProxies.length === 0) return false;
  const proxies = networksOf("http.trustedProxies", trustedProxies);
  return (address) => proxies.has(address);
}

async function installDocs(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    transform: (document) => {
      const described = jsonSchemaTransform(document);
      const permission = document.route.config?.permission;
      return { ...described, schema: { ...described.schema, description: whoMay(permission) } };
    },
    openapi: {
      openapi: "3.1.0",
      info: { title: "Ringfence", description: "Switch contract, incidents, blocks, calls, records.", version },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
      security: [{ key: [] }],
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    // Nothing is asked of other hosts, and the pages work without TLS.
    uiConfig: { validatorUrl: null },
    staticCSP: DOCS_CSP,
  });
}
