import { z } from "zod";
import {
  CDR_RULES,
  DEFAULT_CDR_DETECTION as D,
  DEFAULT_CDR_THRESHOLDS as T,
  DEFAULT_SITE,
  knownRegions,
  SiteCalendar,
  WEEKDAYS,
  type CdrRule,
  type CdrThresholds,
  type Weekday,
} from "../../detection/index.js";
import { count, durationMs, secret } from "./field.js";

const regions = new Set(knownRegions());
const hours = z.array(z.tuple([z.string(), z.string()])).max(8);
const week = z.strictObject(
  Object.fromEntries(
    WEEKDAYS.map((day) => [day, hours.optional().describe(`Hours on a ${day}; absent: closed`)]),
  ) as Record<Weekday, z.ZodOptional<typeof hours>>,
);

const site = z
  .strictObject({
    region: z
      .string()
      .refine((region) => regions.has(region), "not a country (ISO 3166-1 alpha-2)")
      .optional()
      .describe("Country of the site: how numbers are dialled there, and what is international"),
    timeZone: z.string().max(64).default(DEFAULT_SITE.timeZone).describe("IANA name, as America/Bogota"),
    open: week.optional().describe("Hours in which people work; default Monday to Friday, 08:00 to 18:00"),
    holidays: z
      .array(z.string())
      .max(1_000)
      .default([])
      .describe("Days on which it is closed: 2026-03-23, or 12-25 of every year"),
  })
  .superRefine(({ timeZone, open, holidays }, context) => {
    const calendar = SiteCalendar.of({ timeZone, open: readWeek(open), holidays });
    if (!calendar.ok) context.addIssue({ code: "custom", message: `${calendar.error.code}: ${calendar.error.text}` });
  })
  .transform(({ open, ...rest }) => ({ ...rest, open: readWeek(open) }));

type Hours = readonly (readonly [string, string])[];

function readWeek(open: Partial<Record<Weekday, Hours | undefined>> | undefined): Partial<Record<Weekday, Hours>> {
  if (open === undefined) return DEFAULT_SITE.open;
  const read: Partial<Record<Weekday, Hours>> = {};
  for (const day of WEEKDAYS) if (open[day] !== undefined) read[day] = open[day];
  return read;
}

const mode = (rule: CdrRule) =>
  z.enum(["off", "shadow", "enforce"]).default(D.modes[rule]).describe("off, shadow (no alert) or enforce");

const WHAT: Readonly<Record<keyof CdrThresholds, string>> = {
  learnDays: "unusual-international: days of a user's own history before it is judged",
  forestRows: "unusual-international: days of users before the first forest is grown",
  retrainMs: "unusual-international: then it is grown again so often, ms of the records' time",
  forestQuantile: "unusual-international: share of training days that may lie above the threshold, 0–1",
  internationalCalls: "unusual-international: fewer calls abroad a day are never told",
  closedCalls: "after-hours: calls in twelve hours in which the site is closed",
  dialledPerTenMinutes: "mass-dialling: calls in ten minutes",
  overUsual: "mass-dialling: so many times the user's own usual peak",
  rungUsers: "wangiri: users that one range rings within an hour",
  shortRingMs: "wangiri: what is at most a short ring, ms",
  costlyCalls: "revenue-share: calls of one user to premium, satellite and such numbers in a day",
  rangeCalls: "revenue-share: answered calls to one range within an hour",
  rangeMinutes: "revenue-share: minutes of them",
  pumpedCalls: "traffic-pumping: calls to one domestic range within an hour",
  pumpedMinutes: "traffic-pumping: mean length of them, minutes",
  simCalls: "sim-box: calls a day",
  simHours: "sim-box: hours of the day in which there were any",
  scanRun: "number-scan: neighbouring numbers in a row",
  concurrent: "concurrent-calls: calls of one user at a time",
  deviations: "behaviour-change: standard deviations from the user's own mean",
  failures: "failed-authentication: within five minutes",
};

const thresholds = z.strictObject(
  Object.fromEntries(
    (Object.keys(WHAT) as (keyof CdrThresholds)[]).map((name) => [
      name,
      z.number().min(0).max(1e12).default(T[name]).describe(WHAT[name]),
    ]),
  ) as Record<keyof CdrThresholds, z.ZodDefault<z.ZodNumber>>,
);

const detection = z.strictObject({
  modes: z
    .strictObject(
      Object.fromEntries(CDR_RULES.map((rule) => [rule, mode(rule)])) as Record<CdrRule, ReturnType<typeof mode>>,
    )
    .prefault({})
    .describe("What each detector may do; none of them cuts a call"),
  thresholds: thresholds.prefault({}).describe("From where on something is told"),
  guard: z
    .array(z.string().min(1).max(128))
    .max(10_000)
    .default([])
    .describe("Users, numbers, and prefixes with * at the end, that nothing is told of"),
  quietMs: durationMs(D.quietMs, "An incident that was quiet for so long is closed", 60_000),
  maxUsers: count(D.maxUsers, "Users whose history is kept, 10 kB each; those seen longest ago go", 1, 10_000_000),
  maxRanges: count(D.maxRanges, "Ranges of numbers that are counted, 1 kB each; the same", 1, 10_000_000),
  maxIncidents: count(D.maxIncidents, "Incidents that are open at a time", 1, 1_000_000),
  seed: count(D.seed, "Seed of the isolation forest: the same records give the same findings", 0, 4_294_967_295),
});

const webex = z.strictObject({
  enabled: z.boolean().default(false).describe("Fetch Webex Calling's Detailed Call History"),
  feed: z
    .enum(["cdr_feed", "cdr_stream"])
    .default("cdr_feed")
    .describe(
      "cdr_feed: complete, five minutes after a call; cdr_stream: about a minute after it, late records follow",
    ),
  url: z
    .url()
    .default("https://analytics-calling.webexapis.com/v1")
    .describe("Base of the feed; for government analytics-calling-gov.webexapis.com"),
  apiUrl: z.url().default("https://webexapis.com/v1").describe("Base of tokens, people and settings"),
  orgId: z.string().max(256).optional().describe("Organisation, where the token may see several. Env: WEBEX_ORG_ID"),
  accessToken: secret().optional().describe("Token of an administrator. Env: WEBEX_ACCESS_TOKEN"),
  clientId: z.string().max(256).optional().describe("Integration that the refresh token belongs to"),
  clientSecret: secret().optional().describe("Its secret"),
  refreshToken: secret().optional().describe("Gives new access tokens when the old one ends"),
  locations: z
    .array(z.string().min(1).max(128))
    .max(10)
    .default([])
    .describe("Only these locations, ten at most; empty: all"),
  pollMs: durationMs(300_000, "One fetch so often; the service allows one in five minutes", 60_000, 3_600_000),
  pageSize: count(500, "Records a page", 1, 500),
  forwarding: z
    .boolean()
    .default(false)
    .describe("Look at every user's call forwarding as well, so that changes of it are seen"),
  forwardingMs: durationMs(900_000, "Every user's forwarding is looked at once in so long", 60_000),
  timeoutMs: durationMs(30_000, "Time-out of one request", 1_000, 300_000),
});

/** Call records and their detectors. `detection` mirrors `CdrDetectionOptions`; wiring hands it over and a mismatch does not compile. */
export const recordsSchema = z.strictObject({
  liveCalls: z
    .boolean()
    .default(false)
    .describe("Calls of the hop and of watched Asterisks are call records too. Say what is ours in ownNumbers first"),
  ownNumbers: z
    .array(z.string().min(1).max(32))
    .max(100_000)
    .default([])
    .describe(
      "Our own numbers in E.164, prefixes with * at the end, and @HOST for names at a SIP host: tells calls out from calls in",
    ),
  sites: z
    .record(z.string().min(1).max(128), site)
    .default({})
    .describe("By name, as the records have it; `default` stands for all others"),
  detection: detection.prefault({}).describe("What is looked for"),
  retentionDays: count(400, "Days that call records and closed findings are kept; 0 = for ever", 0),
  webex: webex.prefault({}).describe("Webex Calling"),
});
