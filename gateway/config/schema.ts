import { z } from "zod";
import { accessSchema } from "./access-schema.js";
import { alertsSchema, attempts, GIVE_UP_MS } from "./alerts-schema.js";
import { asteriskSchema } from "./asterisk/asterisk-schema.js";
import { detectionSchema } from "./detection-schema.js";
import { cidr, count, durationMs, port, secret } from "./field.js";
import { identitySchema } from "./identity-schema.js";
import { mediaSchema } from "./media-schema.js";
import { privacySchema } from "./privacy-schema.js";
import { recordingSchema } from "./recording-schema.js";
import { recordingsSchema } from "./recordings-schema.js";
import { recordsSchema } from "./records-schema.js";
import { reportsSchema } from "./reports-schema.js";
import { sipSchema, trunkSchema } from "./sip-schema.js";
import { speechSchema } from "./speech-schema.js";
import { threatSchema } from "./threat-schema.js";

/** Shorter ones can be guessed in a network's lifetime. */
const LEAST_KEY_CHARACTERS = 16;
const isHash = (key: string): boolean => /^sha256:/i.test(key);

const apiKey = z.strictObject({
  key: secret()
    .max(256)
    .refine(
      (key) => isHash(key) || key.length >= LEAST_KEY_CHARACTERS,
      `must be ${LEAST_KEY_CHARACTERS} characters or longer`,
    )
    .refine((key) => !isHash(key) || /^sha256:[0-9a-f]{64}$/i.test(key), "sha256: needs 64 hex digits after it")
    .describe("The key itself, 16 characters or longer, or `sha256:` and its SHA-256 in hex"),
  role: z.enum(["viewer", "analyst", "switch", "admin"]).describe("What it may do"),
  id: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .optional()
    .describe("Name of the key in the audit log; default: the start of its hash"),
  teams: z
    .array(z.string().min(1).max(64))
    .max(64)
    .optional()
    .describe("Ids of access.teams whose data it shows; absent: everything"),
});

const httpSchema = z.strictObject({
  listenAddress: z.string().default("127.0.0.1").describe("Address of the HTTP API"),
  listenPort: port(5000, "Port of the HTTP API"),
  apiKeys: z.array(apiKey).max(256).default([]).describe("Keys; without one only the switch routes and /health answer"),
  switchSources: z
    .array(cidr())
    .max(256)
    .default(["127.0.0.0/8", "::1/128"])
    .describe("Who may report events without a key"),
  trustedProxies: z
    .array(cidr())
    .max(256)
    .default([])
    .describe("Proxies before the API: who asks is the last one of X-Forwarded-For that is none of them"),
  maxBodyBytes: count(5_242_880, "Largest request body", 1_000),
  maxBatchEvents: count(10_000, "Most events of one batch", 1),
  requestsPerMinute: count(6_000, "Requests a minute of one key or source; the switch routes are not counted", 1),
});

const storeSchema = z.strictObject({
  folder: z.string().default("ringfence-data").describe("Database, journal, spill files, audit log, traces"),
  databaseUrl: secret().optional().describe("PostgreSQL instead of the embedded database. Env: DATABASE_URL"),
  queueLimit: count(100_000, "Records that wait in memory before they spill to disk", 100),
  spillLimitBytes: count(1_073_741_824, "Most bytes of spilled records on disk", 0),
  retentionDays: count(90, "Days that CDRs, closed incidents, alerts and teardowns are kept; 0 = for ever", 0),
  auditFileBytes: count(67_108_864, "Size at which the audit log starts a new file", 65_536),
  auditFileDays: count(
    0,
    "Days that audit files are kept: one is deleted as a whole when its last entry is older, and the chain says so; 0 = for ever (SOX asks for seven years: 2557)",
    0,
    36_500,
  ),
});

const limitsSchema = z.strictObject({
  callsPerSecondPerSource: count(0, "INVITEs a second of one source address; 0 = no limit"),
  burstPerSource: count(200, "INVITEs that a source may send at once above that", 1),
  blockScanners: z.boolean().default(true).describe("Drop what known SIP scanners send"),
  unknownSources: z
    .enum(["loopback", "accept", "refuse"])
    .default("loopback")
    .describe("Sources of no trunk: only loopback, all, or none"),
  trustedHops: z
    .array(cidr())
    .max(256)
    .default(["127.0.0.0/8", "::1/128"])
    .describe("Hops whose X-Ringfence-Trunk and trgp are believed"),
  drainMs: durationMs(30_000, "After SIGTERM calls have this long to end by themselves"),
});

const switchesSchema = z.strictObject({
  protocol: z
    .enum(["voiceswitch", "kamailio", "opensips"])
    .default("voiceswitch")
    .describe("How calls that the hop does not carry are ended. Env: SWITCH_PROTOCOL"),
  voiceSwitchUrl: z
    .url()
    .optional()
    .describe("Base of the carrier API; /fraud/disconnect is added. Env: VOICE_SWITCH_API_URL"),
  voiceSwitchKey: secret().optional().describe("Bearer key for it"),
  kamailioUrl: z.url().optional().describe("Kamailio's JSON-RPC over HTTP. Env: KAMAILIO_MI_URL"),
  opensipsUrl: z.url().optional().describe("OpenSIPS's MI over HTTP"),
  timeoutMs: durationMs(2_000, "Time-out of one request", 100),
  attempts: count(3, "Tries of one request", 1),
});

const webhookSchema = z.strictObject({
  alertUrl: z.url().optional().describe("Where alerts are posted. Env: WEBHOOK_URL"),
  secret: secret().optional().describe("Key of the HMAC-SHA256 signature"),
  timeoutMs: durationMs(5_000, "Time-out of one request", 100),
  giveUpMs: durationMs(GIVE_UP_MS, "An alert that has failed for so long, and six times, is a dead letter", 1_000),
  attempts: attempts("alert"),
});

const recoverySchema = z.strictObject({
  journal: z
    .boolean()
    .default(true)
    .describe("Keep the dialog journal, so that no leg stays up for ever after a crash"),
  afterRestart: z
    .enum(["end", "resume"])
    .default("end")
    .describe("What happens to the calls of a process that died: both legs get BYE, or they go on"),
});

const observabilitySchema = z.strictObject({
  hepHost: z.string().optional().describe("Homer: address that HEP3 packets go to"),
  hepPort: port(9060, "Homer's port"),
  hepCaptureId: count(2001, "Capture agent id"),
  hepPassword: secret().optional().describe("Authentication key of HEP"),
  traceLimitBytes: count(16_777_216, "Most bytes of one SIP trace", 1_000),
});

/** The whole configuration. Unknown keys are errors. Every key states its unit and its default. */
export const configSchema = z.strictObject({
  sip: sipSchema.prefault({}).describe("Signalling"),
  trunks: z.array(trunkSchema).max(4_096).default([]).describe("Trunks; without one all calls belong to `default`"),
  defaultTrunk: trunkSchema
    .omit({ sources: true })
    .partial({ id: true })
    .prefault({})
    .describe("Settings of the trunk `default`"),
  limits: limitsSchema.prefault({}).describe("Who may call, and how much"),
  detection: detectionSchema.prefault({}).describe("Rules and policy"),
  media: mediaSchema.prefault({}).describe("Media that passes through us"),
  recording: recordingSchema.prefault({}).describe("Recording sessions of other systems (SIPREC)"),
  speech: speechSchema.prefault({}).describe("Speech to text"),
  threat: threatSchema.prefault({}).describe("What is made of what was said"),
  privacy: privacySchema.prefault({}).describe("What may be kept and what may leave the house"),
  switches: switchesSchema.prefault({}).describe("Switches that carry calls which the hop only hears of"),
  asterisk: asteriskSchema.prefault({}).describe("Asterisks that ask, are watched, and let us hear"),
  identity: identitySchema.prefault({}).describe("Signed caller identity (STIR/SHAKEN)"),
  records: recordsSchema.prefault({}).describe("Call records of all sources, and what is looked for in them"),
  recordings: recordingsSchema.prefault({}).describe("Recordings of other systems: text, summary, CRM"),
  reports: reportsSchema.prefault({}).describe("Reports, on demand and by schedule"),
  recovery: recoverySchema.prefault({}).describe("After a crash"),
  http: httpSchema.prefault({}).describe("HTTP API"),
  access: accessSchema.prefault({}).describe("Who may see and do what, beside http.apiKeys"),
  metrics: z
    .strictObject({
      listenAddress: z.string().default("127.0.0.1").describe("Address of /metrics"),
      listenPort: port(9090, "Port of /metrics"),
    })
    .prefault({})
    .describe("Prometheus"),
  store: storeSchema.prefault({}).describe("Records"),
  alerts: alertsSchema.prefault({}).describe("What becomes of alerts: cases, routes, escalation"),
  webhook: webhookSchema.prefault({}).describe("Alerts to other systems"),
  observability: observabilitySchema.prefault({}).describe("Homer and traces"),
  logs: z
    .strictObject({
      level: z
        .enum(["debug", "info", "warn", "error"])
        .default("info")
        .describe("Least level that is written. Env: LOG_LEVEL"),
      showNumbers: z
        .boolean()
        .default(false)
        .describe("Write numbers, URIs and addresses as they are instead of hashed"),
    })
    .prefault({})
    .describe("Log lines on stderr"),
});

export type Config = z.output<typeof configSchema>;
