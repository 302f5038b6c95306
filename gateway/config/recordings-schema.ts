import { z } from "zod";
import { cidr, count, durationMs, secret } from "./field.js";

const speaker = z.enum(["caller", "callee", "agent"]);

const webhook = z.strictObject({
  secret: secret()
    .min(16)
    .max(256)
    .optional()
    .describe(
      "Key of the HMAC-SHA256 that recording systems sign with: X-Ringfence-Signature: t=SECONDS,v1=HEX over SECONDS.BODY",
    ),
  token: secret().min(16).max(256).optional().describe("Bearer token instead, for systems that cannot sign"),
  windowMs: durationMs(300_000, "A signature older or newer than this is refused", 1_000, 3_600_000),
});

const s3 = z.strictObject({
  endpoint: z
    .url()
    .optional()
    .describe("Base of the service, as https://s3.eu-west-1.amazonaws.com; needed for s3:// sources"),
  region: z.string().max(64).default("us-east-1").describe("Region of the signature"),
  accessKeyId: z.string().max(256).optional().describe("Access key"),
  secretAccessKey: secret().optional().describe("Its secret"),
  sessionToken: secret().optional().describe("Session token, where there is one"),
});

const download = z.strictObject({
  hosts: z
    .array(z.string().min(1).max(255))
    .max(1_024)
    .default([])
    .describe(
      "Hosts that recordings may be fetched from; `*.example.org` takes all below it. Empty: none, only uploads",
    ),
  plainHttp: z.boolean().default(false).describe("Fetch over http: too"),
  privateNetworks: z
    .array(cidr())
    .max(256)
    .default([])
    .describe("Networks that may be connected to though they are not public, as 10.1.0.0/16"),
  maxBytes: count(268_435_456, "Largest recording, fetched or uploaded", 1_000, 4_294_967_296),
  maxRedirects: count(3, "Redirects that are followed; each is checked like the first address", 0, 10),
  timeoutMs: durationMs(600_000, "One try of a download; the next goes on where it ended", 1_000),
  stallMs: durationMs(30_000, "Without a byte for so long a try is over", 100),
  authorization: secret().optional().describe("Authorization header for the hosts of authorizationHosts"),
  authorizationHosts: z.array(z.string().max(255)).max(64).default([]).describe("Who gets it"),
  s3: s3.prefault({}).describe("Objects named s3://bucket/key"),
});

const upload = z.strictObject({
  timeoutMs: durationMs(
    600_000,
    "Time for a recording that is handed over to arrive whole; 15 s without a byte end it sooner",
    1_000,
    3_000_000,
  ),
  atATime: count(8, "Recordings that may be arriving at a time; one more is refused", 1, 256),
});

const folder = z.strictObject({
  path: z
    .string()
    .optional()
    .describe("Folder that recordings are put into; the file's name without its ending is the call id"),
  everyMs: durationMs(5_000, "How often it is looked at; a file counts when it stays the same between two looks", 100),
});

const poll = z.strictObject({
  url: z
    .url()
    .optional()
    .describe("Asked for new recordings: a JSON array of what the webhook takes; its host must be in download.hosts"),
  everyMs: durationMs(60_000, "How often", 1_000),
});

const crm = z.strictObject({
  url: z.url().optional().describe("Where results are posted; without it they are only kept"),
  token: secret().optional().describe("Bearer token"),
  secret: secret().optional().describe("Key of the signature, as of the alert webhook"),
  timeoutMs: durationMs(10_000, "Time-out of one request", 100),
  giveUpMs: durationMs(
    259_200_000,
    "A result that the CRM has not taken for so long is given up; `retry` tries again",
    1_000,
  ),
});

/** Recordings of other systems: fetched or handed over, transcribed, summarised, posted to a CRM. Calls that are live go first. */
export const recordingsSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("Take recordings; needs speech.engine"),
  webhook: webhook.prefault({}).describe("POST /api/v1/recordings/webhook; without secret and token it is closed"),
  download: download.prefault({}).describe("Where recordings come from"),
  upload: upload.prefault({}).describe("POST /api/v1/recordings/upload"),
  folder: folder.prefault({}).describe("Watched folder"),
  poll: poll.prefault({}).describe("Asking another system for recordings"),
  crm: crm.prefault({}).describe("Where results go"),
  ffmpeg: z
    .strictObject({
      path: z.string().default("ffmpeg").describe("ffmpeg 4.4 or later"),
      probePath: z.string().default("ffprobe").describe("Its ffprobe"),
      timeoutMs: durationMs(600_000, "Decoding of one recording", 1_000),
    })
    .prefault({})
    .describe("Decoder"),
  channels: z
    .array(speaker)
    .min(1)
    .max(2)
    .default(["caller", "callee"])
    .describe("Who speaks on which channel of a recording with two or more; the first two are heard"),
  monoSpeaker: speaker
    .default("caller")
    .describe("Whose words a recording with one channel holds: they are not told apart"),
  maxSeconds: count(14_400, "Longest recording, s", 1, 86_400),
  pieceSeconds: count(
    60,
    "Recordings are worked on in pieces of about this length, s; not more than speech.analysis.maxSeconds",
    5,
    600,
  ),
  concurrency: count(2, "Recordings that are worked on at a time", 1, 64),
  queueLimit: count(200_000, "Recordings that wait at most; one more is refused", 1),
  spoolLimitBytes: count(
    10_737_418_240,
    "Most bytes of files of recordings that are not done; beyond it only what is there already is decoded, one at a time",
    1_000_000,
  ),
  retryFirstMs: durationMs(2_000, "Pause after the first failure of a step; doubles", 10),
  retryMostMs: durationMs(300_000, "The longest pause", 10),
  giveUpMs: durationMs(86_400_000, "A step that has failed for so long without getting on is given up", 1_000),
  keepDays: count(30, "Days that jobs and results are kept after their end", 1, 3_650),
  summary: z
    .enum(["extractive", "judge"])
    .default("extractive")
    .describe(
      "Who writes summary, topic, sentiment and action items: sentences and words of the call, or the language model of threat.judge, with the former where it fails",
    ),
  summaryTimeoutMs: durationMs(
    120_000,
    "The language model has this long for one recording, waiting and loading included; then its summary is made without it",
    1_000,
    3_600_000,
  ),
});

export type RecordingsConfig = z.output<typeof recordingsSchema>;
