import { z } from "zod";
import { cidr, count, durationMs } from "./field.js";

const certificatesSchema = z.strictObject({
  hosts: z
    .array(z.string().regex(/^(?:\*\.)?[A-Za-z0-9.:-]{1,253}$/))
    .max(1_000)
    .default([])
    .describe("Hosts that certificates are fetched from: certs.example.com, or *.example.com for those below it"),
  anyPublicHost: z
    .boolean()
    .default(false)
    .describe("Fetch from any host whose addresses are public: whoever calls chooses what we connect to"),
  ports: z.array(z.int().min(1).max(65535)).min(1).max(16).default([443, 8443]).describe("Ports of them"),
  allowAddresses: z
    .array(cidr())
    .max(256)
    .default([])
    .describe("Private networks that may be connected to all the same: a repository in the house"),
  allowHttp: z.boolean().default(false).describe("Fetch from http: URLs too, and let sign.x5u be one; for tests"),
  httpsCaFile: z
    .string()
    .optional()
    .describe("PEM authorities that the repositories' web servers are checked against; default: the system's"),
  timeoutMs: durationMs(2_000, "Longest fetch; a call does not wait for it longer than budgetMs", 100, 60_000),
  maxBytes: count(32_768, "Largest answer", 1_024, 1_048_576),
  maxFetches: count(16, "Fetches under way at once; half of the open ones for a trunk", 1, 1_000),
  maxFetchesPerMinute: count(600, "Fetches begun in a minute, shared out likewise; beyond it calls are not judged", 1),
  maxEntries: count(1_000, "Certificates kept, and failures as many again", 1, 1_000_000),
  maxCacheBytes: count(8_388_608, "Bytes of them", 65_536),
  ttlMs: durationMs(86_400_000, "How long a certificate counts where its server does not say less", 60_000),
  staleMs: durationMs(3_600_000, "How long it is used beyond that while a new one cannot be had"),
  negativeMs: durationMs(60_000, "How long a failed fetch counts", 1_000),
});

/** STIR/SHAKEN: RFC 8224, 8225, 8588, 8946. */
export const identitySchema = z.strictObject({
  verify: z.boolean().default(false).describe("Verify Identity headers of incoming calls, on trunks that do not say"),
  budgetMs: durationMs(500, "Longest that an INVITE waits for it; then it goes on unverified", 10, 10_000),
  maxWaiting: count(2_000, "INVITEs that wait at once; further ones go on unverified", 1),
  freshnessMs: durationMs(60_000, "How far a signature's time and the Date may be from now, RFC 8224", 1_000),
  destination: z
    .enum(["request-uri", "to"])
    .default("request-uri")
    .describe("Whom a signature has to be for: the Request-URI (div PASSporTs followed), or the number in To as well"),
  strictInfo: z
    .boolean()
    .default(false)
    .describe("The header's info has to be the PASSporT's x5u, which is what counts"),
  requireTnAuthList: z
    .boolean()
    .default(true)
    .describe("Certificates have to say whose numbers they are for, RFC 8226"),
  trustAnchors: z
    .array(z.string())
    .max(64)
    .default([])
    .describe("PEM files of the authorities that certificates have to be chained to"),
  certificates: certificatesSchema.prefault({}).describe("Where certificates are fetched from"),
  sign: z
    .strictObject({
      keyFile: z.string().describe("PEM private key, P-256"),
      x5u: z.url().max(512).describe("Where others find its certificate"),
    })
    .optional()
    .describe("Sign outgoing calls of trunks with identity.sign"),
});

const trunkSigning = z.strictObject({
  ownNumbers: z
    .array(z.string().regex(/^\+\d{1,15}$/))
    .max(10_000)
    .default([])
    .describe("Beginnings of this trunk's own numbers, with + and country code: their calls are attested A"),
  others: z
    .enum(["B", "C", "none"])
    .default("none")
    .describe("What calls from all other numbers are attested; none: they are not signed"),
  origid: z.uuid().optional().describe("Name of this trunk in signatures; default: a new one for each call"),
  div: z
    .boolean()
    .default(true)
    .describe("Add a div PASSporT to signed calls that one of ownNumbers sent on to another number"),
});

/** Per trunk. */
export const trunkIdentitySchema = z.strictObject({
  verify: z.boolean().optional().describe("Verify Identity headers of its calls; default: identity.verify"),
  onFailure: z
    .enum(["pass", "refuse"])
    .default("pass")
    .describe("Calls whose signature does not hold: pass, or 403, 436, 437, 438 as RFC 8224 has it"),
  onAbsent: z.enum(["pass", "refuse"]).default("pass").describe("Calls without signature: pass, or 428"),
  verstat: z
    .enum(["none", "from", "pai", "both"])
    .default("none")
    .describe("Headers in which the called side gets the result as verstat parameter, TS 24.229"),
  header: z.boolean().default(false).describe("Tell the called side in X-Ringfence-Identity"),
  sign: trunkSigning.optional().describe("Sign its calls; needs identity.sign"),
});

export type IdentityConfig = z.output<typeof identitySchema>;
export type TrunkIdentityConfig = z.output<typeof trunkIdentitySchema>;
