import { z } from "zod";
import { TOKEN_ALGORITHMS } from "../ports/token-verifier.js";
import { durationMs } from "./field.js";

/** Beside which http is enough: nothing leaves the machine. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const HOUR_MS = 3_600_000;

const issuerUrl = () =>
  z
    .url()
    .max(512)
    .refine((text) => {
      if (!URL.canParse(text)) return false;
      const { protocol, hostname, search, hash, username, password } = new URL(text);
      const bare = [search, hash, username, password].every((part) => part === "");
      return bare && (protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname)));
    }, "must be https (http on loopback only), without query, fragment and credentials");

const teamId = z.string().regex(/^[\w.-]{1,64}$/);

const team = z.strictObject({
  id: teamId.describe("Name, for keys and grants"),
  trunks: z.array(z.string().min(1).max(64)).max(4_096).default([]).describe("Ids of the trunks whose calls it sees"),
  sites: z
    .array(z.string().min(1).max(128))
    .max(4_096)
    .default([])
    .describe("Sites whose call records it sees, by the name that the records have"),
  departments: z.array(z.string().min(1).max(128)).max(4_096).default([]).describe("Departments, the same"),
});

const grant = z.strictObject({
  claim: z.string().min(1).max(256).describe("Claim, steps by dots: `roles`, `realm_access.roles`"),
  value: z.string().min(1).max(256).describe("What it is, or has in its list or between its spaces"),
  role: z.enum(["viewer", "analyst", "switch", "admin"]).describe("What that may do"),
  teams: z.array(teamId).max(64).optional().describe("Ids of access.teams whose data it shows; absent: everything"),
});

const oidcSchema = z
  .strictObject({
    issuer: issuerUrl().optional().describe("As tokens have it in `iss`; absent: no tokens are taken, only API keys"),
    audiences: z
      .array(z.string().min(1).max(256))
      .max(16)
      .default([])
      .describe("Whom tokens must be for (`aud`): one of these. Needed with issuer"),
    jwksUrl: issuerUrl()
      .optional()
      .describe("The issuer's keys; default: where its discovery document says, on the issuer's own host"),
    algorithms: z
      .array(z.enum(TOKEN_ALGORITHMS))
      .min(1)
      .default(["RS256", "PS256", "ES256", "EdDSA"])
      .describe("Signatures that are taken; none with a shared secret can be"),
    grants: z
      .array(grant)
      .max(256)
      .default([])
      .describe(
        "Which claim gives which role; the first that a token meets counts, one that meets none may do nothing",
      ),
    clockSkewMs: durationMs(30_000, "What the issuer's clock may differ by", 0, 300_000),
    maxTokenAgeMs: durationMs(24 * HOUR_MS, "Longest time since a token was issued (`iat`); 0 = only `exp` counts"),
    keysMaxAgeMs: durationMs(10 * 60_000, "Age at which the issuer's keys are fetched again", 1_000),
    keysStaleMs: durationMs(HOUR_MS, "Age from which they are not trusted: an outage may last so long", 1_000),
    refetchMs: durationMs(
      30_000,
      "Least time between two fetches for their age, and between two for unknown keys",
      1_000,
    ),
    timeoutMs: durationMs(5_000, "Time-out of one fetch", 100, 30_000),
  })
  .refine(({ issuer, audiences }) => issuer === undefined || audiences.length > 0, {
    path: ["audiences"],
    message: "issuer needs it: without it tokens for other services would be taken",
  })
  .refine(({ keysMaxAgeMs, keysStaleMs }) => keysStaleMs >= keysMaxAgeMs, {
    path: ["keysStaleMs"],
    message: "not less than keysMaxAgeMs",
  });

/** Who may see and do what, beside http.apiKeys. */
export const accessSchema = z.strictObject({
  teams: z
    .array(team)
    .max(1_024)
    .default([])
    .describe("Tenants, departments, sites: whose data keys and tokens may be limited to"),
  sealAuditNumbers: z
    .boolean()
    .default(false)
    .describe(
      "Write telephone numbers into the audit file sealed with a key of each number: deletion by subject destroys it, the chain stays whole",
    ),
  oidc: oidcSchema.prefault({}).describe("Bearer tokens of an OpenID Connect issuer"),
});
