import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema, type Config } from "../../../gateway/config/schema.js";
import { startWarnings } from "../../../gateway/wiring/start-warnings.js";

/** Beside those that every start has. */
const warningsOf = (config: Config) => startWarnings(config, 0).filter(({ code }) => code.startsWith("asterisk."));
const server = (ariUrl: string) => ({ id: "a", ariUrl, username: "u", password: "p" });
const agi = { enabled: true };

for (const { name, asterisk, codes } of [
  { name: "nothing", asterisk: { agi }, codes: [] },
  { name: "a URL with a path", asterisk: { servers: [server("http://192.0.2.1:8088/ari")] }, codes: [] },
  { name: "a URL without one", asterisk: { servers: [server("http://192.0.2.1:8088")] }, codes: ["asterisk.ari-path"] },
  {
    name: "a trunk of its own",
    asterisk: { servers: [{ ...server("http://192.0.2.1:8088/ari"), trunk: "east" }] },
    codes: ["asterisk.own-trunk"],
  },
  {
    name: "callers that nobody screens",
    asterisk: { agi, verdict: { anonymous: "screen" as const } },
    codes: ["asterisk.no-screening"],
  },
  {
    name: "callers that are screened",
    asterisk: { agi, verdict: { anonymous: "screen" as const }, screening: { enabled: true } },
    codes: [],
  },
])
  test(`warnings about an Asterisk: ${name}`, () => {
    assert.deepEqual(
      warningsOf(configSchema.parse({ asterisk })).map(({ code }) => code),
      codes,
    );
  });

test("warnings about an Asterisk: what is said", () => {
  const verdict = { anonymous: "screen", unsigned: "screen" } as const;
  const said = warningsOf(configSchema.parse({ asterisk: { servers: [server("http://192.0.2.1:8088/")], verdict } }));
  assert.deepEqual(
    said.map(({ why }) => why),
    [
      "asterisk.servers.0.ariUrl has no path: without a proxy in front Asterisk's ARI is at /ari",
      "asterisk.verdict.anonymous, unsigned: asterisk.screening is not enabled: ringfence-check lets such calls go on",
    ],
  );
});
