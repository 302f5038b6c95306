import { z } from "zod";
import { ALERT_EVENTS, NUMBER_MASKS, SEVERITIES, unixMs, WEEKDAYS } from "../../detection/index.js";
import { count, durationMs, secret } from "./field.js";

const name = z.string().regex(/^[\w-]{1,64}$/, "letters, digits, _ and -, 64 at most");
const severity = z.enum(SEVERITIES as readonly [string, ...string[]] as readonly ["low", "medium", "high", "critical"]);
const names = (what: string) => z.array(z.string().min(1).max(256)).max(1_000).default([]).describe(what);

const filter = {
  rules: names("Rules, as `masking` or `wangiri`; empty: all"),
  called: names("Called numbers or subjects, prefixes with * at the end; empty: all"),
  trunks: names("Trunks that an attack comes by; empty: all"),
  teams: names("Teams; empty: all"),
};

const header = z
  .string()
  .min(1)
  .max(998)
  .refine((text) => !/[\r\n\0]/.test(text), "holds a line break");
const httpUrl = z.url({ protocol: /^https?$/, error: "must begin with http:// or https://" });

/** Three days: a weekend in which nobody mends the receiver. */
export const GIVE_UP_MS = 259_200_000;

export const attempts = (of: string) =>
  z
    .int()
    .min(1)
    .optional()
    .describe(`Tries of one ${of}; then it is a dead letter. Absent: as many as giveUpMs allows`);

const common = {
  name: name.describe("Name of the route, in the outbox and in metrics"),
  ...filter,
  minSeverity: severity.default("low").describe("Only alerts that are at least so severe"),
  events: z
    .array(z.enum(ALERT_EVENTS).exclude(["test"]))
    .default(["opened", "updated", "escalated", "acknowledged", "closed", "false-positive"])
    .describe("What it is told; escalations that name it come in any case"),
  maskNumbers: z
    .enum(NUMBER_MASKS)
    .default("none")
    .describe("Numbers in messages: none (shown), last-two (digits), all (hidden). Masked, Call-IDs are left out too"),
  timeoutMs: durationMs(10_000, "Time-out of one try", 100, 120_000),
  giveUpMs: durationMs(GIVE_UP_MS, "A delivery that has failed for so long, and six times, is a dead letter", 1_000),
  attempts: attempts("delivery"),
  retryFirstMs: durationMs(1_000, "Pause after the first failure; doubles", 10),
  retryMostMs: durationMs(300_000, "Longest pause between tries", 10),
  concurrency: count(1, "Deliveries under way at a time; with one they arrive in order as long as none fails", 1, 64),
  maxQueue: count(10_000, "Deliveries that may wait; one more is a dead letter at once", 1, 1_000_000),
};

const tls = {
  caFile: z.string().optional().describe("PEM of who may sign the server's certificate; default: the system's"),
  certFile: z.string().optional().describe("PEM of our own certificate, where the server asks for one"),
  keyFile: z.string().optional().describe("PEM of its key"),
};

const slack = z.strictObject({
  kind: z.literal("slack"),
  ...common,
  url: httpUrl.meta({ secret: true }).describe("The incoming webhook's URL, which is a secret"),
});

const webex = z
  .strictObject({
    kind: z.literal("webex"),
    ...common,
    url: httpUrl.default("https://webexapis.com/v1").describe("Base of the API"),
    token: secret().min(1).describe("The bot's access token"),
    roomId: z.string().min(1).max(512).optional().describe("Space that is written to"),
    toPersonEmail: header.optional().describe("Or a person"),
  })
  .refine(({ roomId, toPersonEmail }) => (roomId === undefined) !== (toPersonEmail === undefined), {
    message: "name roomId or toPersonEmail",
    path: ["roomId"],
  });

const email = z.strictObject({
  kind: z.literal("email"),
  ...common,
  host: z.string().min(1).max(255).describe("SMTP server"),
  port: count(587, "Its port", 1, 65_535),
  security: z
    .enum(["starttls", "tls", "none"])
    .default("starttls")
    .describe("starttls: refused where the server has none; tls: from the first byte (port 465); none: in the clear"),
  ...tls,
  user: z.string().min(1).max(256).optional().describe("SMTP user"),
  password: secret().optional().describe("SMTP password"),
  from: header.describe("Sender: ringfence@example.com"),
  to: z.array(header).min(1).max(100).describe("Recipients"),
});

const webhook = z.strictObject({
  kind: z.literal("webhook"),
  ...common,
  url: httpUrl.describe("Where notices are posted as JSON"),
  secret: secret().optional().describe("Key of the HMAC-SHA256 signature"),
});

const syslog = z.strictObject({
  kind: z.literal("syslog"),
  ...common,
  host: z.string().min(1).max(255).describe("Syslog server"),
  port: count(6514, "Its port", 1, 65_535),
  transport: z
    .enum(["tls", "tcp"])
    .default("tls")
    .describe("tls (RFC 5425), or tcp with the same framing, in the clear"),
  ...tls,
  format: z
    .enum(["json", "cef", "leef"])
    .default("cef")
    .describe("The message: JSON, ArcSight's CEF, QRadar's LEEF 2.0"),
  facility: count(13, "Facility: 13 log audit, 16 to 23 local0 to local7", 0, 23),
});

const splunk = z.strictObject({
  kind: z.literal("splunk"),
  ...common,
  url: httpUrl.describe("Base of the HTTP Event Collector: https://splunk.example.com:8088"),
  token: secret().min(1).describe("HEC token"),
  index: z.string().min(1).max(256).optional().describe("Index; default: the token's"),
  sourcetype: z.string().min(1).max(256).default("ringfence:alert").describe("Source type"),
});

const route = z.discriminatedUnion("kind", [slack, webex, email, webhook, syslog, splunk]);

const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => unixMs(Date.parse(text)))
  .optional();
const clockTime = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "HH:MM");
const timeZone = z
  .string()
  .max(64)
  .refine((zone) => {
    try {
      new Intl.DateTimeFormat("en", { timeZone: zone });
      return true;
    } catch {
      return false;
    }
  }, "no time zone");

const maintenance = z.strictObject({
  name: name.describe("Name of the window, as cases show it"),
  ...filter,
  from: moment.describe("Begin, ISO 8601 with zone"),
  until: moment.describe("End, the same"),
  weekly: z
    .strictObject({
      days: z.array(z.enum(WEEKDAYS)).min(1).max(7).describe("Days on which it begins"),
      start: clockTime.describe("HH:MM"),
      end: clockTime.describe("HH:MM; before `start`: on the next day"),
      timeZone: timeZone.default("UTC").describe("IANA name"),
    })
    .optional()
    .describe("Every week"),
});

const suppression = z.strictObject({
  name: name.describe("Name, as cases show it"),
  ...filter,
  below: severity.optional().describe("Only alerts that are less severe"),
  until: moment.describe("Until then, ISO 8601 with zone; absent: for ever"),
});

const step = z.strictObject({
  afterMs: durationMs(900_000, "So long after routes were told first, without acknowledgement", 1_000),
  routes: z.array(name).min(1).max(64).describe("Routes that are told then"),
  minSeverity: severity.default("high").describe("Only alerts that are at least so severe"),
});

const team = z.strictObject({
  name: name.describe("Name of the team, for routes' `teams`"),
  trunks: names("It looks after these trunks"),
  called: names("And after these called numbers, prefixes with * at the end"),
});

/** What becomes of alerts: cases, routes, escalation. */
export const alertsSchema = z.strictObject({
  routes: z.array(route).max(64).default([]).describe("Where alerts are told"),
  groupMs: durationMs(900_000, "Alerts of one rule about one number belong to one case when they are no further apart"),
  updateEveryMs: durationMs(60_000, "A case that goes on is told again so often at most, unless it gets worse"),
  closeAfterQuietMs: durationMs(
    86_400_000,
    "A case of call records in which nothing more is found for so long closes by itself, acknowledged or not; 0: never",
  ),
  maintenance: z.array(maintenance).max(256).default([]).describe("Times in which alerts are kept and nobody is told"),
  suppress: z.array(suppression).max(1_000).default([]).describe("Alerts that are kept and nobody is told of"),
  escalation: z.array(step).max(16).default([]).describe("Who is told when nobody acknowledges"),
  teams: z.array(team).max(256).default([]).describe("Who looks after what; the first that fits"),
});

export type AlertsConfig = z.output<typeof alertsSchema>;
export type AlertRouteConfig = AlertsConfig["routes"][number];
