import type { TokenRefusal } from "../../ports/token-verifier.js";
import type { Role } from "../api-options.js";
import type { DataScope } from "../../core/data-scope.js";

/** What a route asks of the key. `public` asks nothing. */
export type Permission =
  | "public"
  | "events.report"
  | "calls.disconnect"
  | "contract.read"
  | "docs.read"
  | "read"
  | "act"
  | "calls.hear"
  | "audio.analyze"
  | "audit.read"
  | "administer";

/** Who may do it. A route without a permission is refused to everybody. */
export const GRANTS: Readonly<Record<Exclude<Permission, "public">, readonly Role[]>> = {
  "events.report": ["switch", "admin"],
  "calls.disconnect": ["switch", "admin"],
  "contract.read": ["viewer", "analyst", "switch", "admin"],
  "docs.read": ["viewer", "analyst", "switch", "admin"],
  read: ["viewer", "analyst", "admin"],
  act: ["analyst", "admin"],
  "calls.hear": ["analyst", "admin"],
  "audio.analyze": ["analyst", "switch", "admin"],
  "audit.read": ["analyst", "admin"],
  administer: ["admin"],
};

/** Who is asking. `anonymous`: no key, or one that is not ours. */
export interface Principal {
  /** Key id; `oidc:SUBJECT` of a bearer token; `switch-source` for events from a trusted source; `unauthenticated`. */
  readonly id: string;
  readonly role: Role | "none";
  /** Whose data it may see; absent: everything. */
  readonly scope?: DataScope | undefined;
  /** Why there is no role: nothing was offered, it is not ours, the token is not good, or it is and no grant is for it. */
  readonly refusal: "no-key" | "bad-key" | "no-grant" | TokenRefusal | undefined;
}

export const mayDo = (principal: Principal, permission: Permission): boolean =>
  permission === "public" || (principal.role !== "none" && GRANTS[permission].includes(principal.role));

/** For people: who may use a route. */
export function whoMay(permission: Permission | undefined): string {
  if (permission === undefined) return "Nobody.";
  if (permission === "public") return "Needs no key.";
  const roles = `Roles: ${GRANTS[permission].join(", ")}.`;
  return permission === "events.report" ? `${roles} From \`http.switchSources\` without a key.` : roles;
}
