import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { z } from "zod";
import type { AuditTrail } from "./access/audit-trail.js";
import type { Permission, Principal } from "./access/permissions.js";
import type { ApiDeps } from "./api-options.js";
import { errorResponses } from "./schemas/common.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the route asks of the key. A route without one is refused to everybody. */
    permission?: Permission;
    /** It shows a team nothing but its own. A route that does not say so is refused to keys and tokens of a team. */
    scoped?: boolean;
    /** An event route: trusted sources need no key, and the events' own rate limit counts. */
    events?: boolean;
    /** A recording is its body, which takes a while: `uploadTimeoutMs` counts. */
    upload?: boolean;
  }
  interface FastifyRequest {
    principal: Principal;
    /** Monotonic, ms: when the request came in. */
    startedAtMs: number;
  }
}

/** What route modules work with. */
export interface ApiContext extends ApiDeps {
  readonly trail: AuditTrail;
}

/** A set of routes. */
export type Routes = (app: FastifyInstance, context: ApiContext) => void;

/** The instance with the schemas' types in the handlers. */
export const zodApp = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>();

/** Schemas of the answers, for the OpenAPI document: 200 (or `other` statuses) and the one shape of all errors. */
export const answers = (good: z.ZodType, other: Record<string, z.ZodType> = {}): Record<string, z.ZodType> => ({
  200: good,
  ...errorResponses,
  ...other,
});
