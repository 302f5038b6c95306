import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { configSchema } from "../../../gateway/config/schema.js";
import { configProblems } from "../../../gateway/wiring/check-config.js";

type Input = Parameters<typeof configSchema.parse>[0];
const problems = (input: Input): string[] => configProblems(configSchema.parse(input));

const KEY = "a-key-0123456789abcdef";
const HASH = createHash("sha256").update(KEY).digest("hex");

const ARI = { id: "pbx", ariUrl: "http://127.0.0.1:8088/ari", username: "u", password: "p" };

for (const [what, input, says] of [
  ["two trunks of one id", { trunks: [{ id: "a" }, { id: "a" }] }, /^trunks\.1\.id: "a" /],
  [
    "a prefix too long",
    { trunks: [{ id: "a", sources: ["192.0.2.0/33"] }] },
    /^trunks\.0\.sources\.0: "192\.0\.2\.0\/33"/,
  ],
  [
    "one source of two trunks",
    {
      trunks: [
        { id: "a", sources: ["192.0.2.1"] },
        { id: "b", sources: ["192.0.2.1/32"] },
      ],
    },
    /^trunks\.1\.sources\.0: "192\.0\.2\.1\/32" of trunk "b" is trunks\.0\.sources\.0 of trunk "a" too$/,
  ],
  [
    "a port that fetch refuses",
    { asterisk: { servers: [{ ...ARI, ariUrl: "http://127.0.0.1:6665/ari" }] } },
    /^asterisk\.servers\.0\.ariUrl: port 6665 is one that HTTP clients refuse/,
  ],
  ["an octet too big", { http: { switchSources: ["192.0.2.1", "192.0.2.256"] } }, /^http\.switchSources\.1: /],
  ["a bad hop network", { limits: { trustedHops: ["2001:db8::/129"] } }, /^limits\.trustedHops\.0: /],
  ["TLS without files", { sip: { listeners: [{ protocol: "tls", port: 5061 }] } }, /^sip\.listeners\.0\.tls: /],
  [
    "a certificate that is not there",
    { sip: { tlsClient: { caFile: "/nowhere/ca.pem" } } },
    /^sip\.tlsClient\.caFile: "\/nowhere\/ca\.pem" cannot be read \(ENOENT\)$/,
  ],
  [
    "a language that the model does not know",
    { speech: { engine: "whisper", language: "es" } },
    /^speech\.language: es, but base\.en knows English only: take a model of all languages$/,
  ],
  [
    "screening in a language that the model does not know",
    {
      speech: { engine: "whisper", whisper: { model: "ggml-small.en.bin" } },
      asterisk: { servers: [ARI], screening: { enabled: true, defaultLanguage: "es" } },
    },
    /^asterisk\.screening\.defaultLanguage: es, but small\.en knows English only/,
  ],
  ["speech without its text", { privacy: { keepAudio: true } }, /^privacy\.keepAudio: only with keepTranscripts$/],
  [
    "speech that outlives its text",
    { privacy: { keepAudio: true, keepTranscripts: true, audioDays: 31 } },
    /^privacy\.audioDays: not more than transcriptDays$/,
  ],
  ["half a client certificate", { sip: { tlsClient: { certFile: import.meta.filename } } }, /^sip\.tlsClient: /],
  ["no such hop group", { trunks: [{ id: "a", hopGroup: "b" }] }, /^trunks\.0\.hopGroup: sip\.hopGroups has no "b"$/],
  ["no such default hop group", { defaultTrunk: { hopGroup: "toString" } }, /^defaultTrunk\.hopGroup: /],
  ["no such region", { defaultTrunk: { numberPlan: { region: "XX" } } }, /^defaultTrunk\.numberPlan\.region: "XX"/],
  [
    "a guarded trunk that is not",
    { trunks: [{ id: "north" }], detection: { guard: { trunks: ["default", "nroth"] } } },
    /^detection\.guard\.trunks\.1: no trunk is called "nroth"$/,
  ],
  [
    "a national number",
    { defaultTrunk: { numberPlan: { region: "US" } }, detection: { guard: { calledNumbers: ["2025550142"] } } },
    /^detection\.guard\.calledNumbers\.0: "2025550142" .* "\+12025550142"$/,
  ],
  [
    "a called one with a number in it, which is called by that number",
    {
      defaultTrunk: { numberPlan: { region: "US" } },
      detection: { guard: { calledNumbers: ["queue-2025550142-sales"] } },
    },
    /^detection\.guard\.calledNumbers\.0: "queue-2025550142-sales" .* "\+12025550142"$/,
  ],
  [
    "a called number with an extension",
    { detection: { guard: { calledNumbers: ["+12025550142x1"] } } },
    /^detection\.guard\.calledNumbers\.0: .* "\+12025550142"$/,
  ],
  [
    "a number as dialled",
    { detection: { guard: { callerNumbers: ["0012025550142"] } } },
    /^detection\.guard\.callerNumbers\.0: .* "\+12025550142"$/,
  ],
  [
    "a prefix as dialled",
    { detection: { guard: { calledPrefixes: ["001202"] } } },
    /^detection\.guard\.calledPrefixes\.0: .* "\+1202"$/,
  ],
  [
    "a national prefix",
    { defaultTrunk: { numberPlan: { region: "GB" } }, detection: { guard: { callerPrefixes: ["02079460"] } } },
    /^detection\.guard\.callerPrefixes\.0: .* "\+442079460"$/,
  ],
  [
    "one key twice, once hashed",
    {
      http: {
        apiKeys: [
          { key: KEY, role: "viewer" },
          { key: `sha256:${HASH.toUpperCase()}`, role: "admin" },
        ],
      },
    },
    /^http\.apiKeys\.1\.key: the same key as http\.apiKeys\.0$/,
  ],
  [
    "a webhook by FTP",
    { webhook: { alertUrl: "ftp://u:hidden@192.0.2.9/" } },
    /^webhook\.alertUrl: must begin with http/,
  ],
  ["a switch by file", { switches: { kamailioUrl: "file:///etc/passwd" } }, /^switches\.kamailioUrl: /],
  ["a hop that is no address", { sip: { nextHops: ["192.0.2.300:5060"] } }, /^sip\.nextHops\.0: "192\.0\.2\.300:5060"/],
  ["a hop's port too high", { sip: { hopGroups: { b: [{ hop: "gw.example:70000" }] } } }, /^sip\.hopGroups\.b\.0: /],
  ["a name to listen on", { http: { listenAddress: "gateway.example" } }, /^http\.listenAddress: "gateway\.example"/],
  [
    "a name to listen on for AGI",
    { asterisk: { agi: { listenAddress: "pbx.example" } } },
    /^asterisk\.agi\.listenAddress: "pbx\.example"/,
  ],
  ["an AGI network too long", { asterisk: { agi: { allowFrom: ["192.0.2.0/33"] } } }, /^asterisk\.agi\.allowFrom\.0: /],
  ["a listener on no address", { sip: { listeners: [{ address: "192.0.2.999" }] } }, /^sip\.listeners\.0\.address: /],
  [
    "an announcement that is no sound",
    { media: { consentFile: import.meta.filename } },
    /^media\.consentFile: .* is no WAV file that can be played: /,
  ],
  [
    "a warning that is no sound",
    { threat: { warningFile: import.meta.filename, judge: { engine: "openai", url: "http://192.0.2.9" } } },
    /^threat\.warningFile: .* is no WAV file that can be played: /,
  ],
  [
    "a warning that is not there, with a judge",
    { threat: { warningFile: "/nowhere/beep.wav", judge: { engine: "openai", url: "http://192.0.2.9" } } },
    /^threat\.warningFile: "\/nowhere\/beep\.wav" cannot be read \(ENOENT\)$/,
  ],
  [
    "tables too big",
    { detection: { memory: { windowMiB: 32_768 } } },
    /^detection\.memory: .* 33 GiB, 32 are the most$/,
  ],
  ["far too big", { detection: { memory: { knownPairs: Number.MAX_SAFE_INTEGER } } }, /^detection\.memory: /],
] as readonly (readonly [string, Input, RegExp])[]) {
  test(`configuration that cannot be served: ${what} is named with its path`, () => {
    const found = problems(input);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", says);
    assert.doesNotMatch(found[0] ?? "", /hidden|0123456789abcdef/);
  });
}

test("defaults can be served, and so can what only looks odd", () => {
  assert.deepEqual(problems({}), []);
  assert.deepEqual(
    problems({
      sip: {
        listenAddress: "::",
        nextHops: ["192.0.2.7", "[2001:db8::1]:5060", "sip:gw.example;transport=tcp", "gw-1.example:5080"],
        hopGroups: { b: ["192.0.2.8:65535"] },
      },
      trunks: [
        { id: "north", sources: ["192.0.2.0/24", "2001:db8::/32"], hopGroup: "b", numberPlan: { region: "us" } },
        { id: "default", hopGroup: "default" },
      ],
      http: {
        apiKeys: [
          { key: KEY, role: "viewer" },
          { key: `sha256:${"0".repeat(64)}`, role: "admin" },
        ],
      },
      webhook: { alertUrl: "HTTPS://192.0.2.9/hook" },
      detection: {
        guard: {
          calledNumbers: ["+12025550142", "112", "conference-1", "7001"],
          calledPrefixes: ["+1202", "+", "70", "conf-"],
          callerNumbers: ["anonymous@north"],
          trunks: ["north"],
        },
      },
    }),
    [],
  );
});

test("a guarded trunk may have any name where no trunk is configured", () => {
  assert.deepEqual(problems({ detection: { guard: { trunks: ["carrier-a"] } } }), []);
});

test("a model of all languages, one with a hash of the operator's own, and other engines may be asked for any language", () => {
  for (const speech of [
    { engine: "whisper", whisper: { model: "base" } },
    { engine: "whisper", whisper: { model: "base.en", sha256: "0".repeat(64) } },
    { engine: "openai", openai: { url: "http://192.0.2.1/v1" } },
    { engine: "none" },
  ] as const)
    assert.deepEqual(problems({ speech: { ...speech, language: "es" } }), []);
  assert.deepEqual(problems({ speech: { engine: "whisper", language: "en" } }), []);
});
