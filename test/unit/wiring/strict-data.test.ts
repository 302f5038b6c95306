import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema, type Config } from "../../../gateway/config/schema.js";
import { outwardTargets, strictDataProblems } from "../../../gateway/wiring/strict-data.js";

const configOf = (change: object): Config => configSchema.parse(change);
const strict = (change: object, allowedHosts?: readonly string[]): Config =>
  configOf({ ...change, privacy: { strict: true, ...(allowedHosts === undefined ? {} : { allowedHosts }) } });

test("the defaults send nothing anywhere but to this machine", () => {
  assert.deepEqual(strictDataProblems(strict({})), []);
  for (const { path, host } of outwardTargets(configOf({})))
    assert.match(host, /^(?:127\.0\.0\.1|localhost|::1)$/, path);
});

const leaving: readonly (readonly [path: string, settings: object])[] = [
  ["webhook.alertUrl", { webhook: { alertUrl: "https://alerts.example.com/x" } }],
  ...(
    [
      ["url", { kind: "slack", name: "r", url: "https://hooks.example.com/services/secret" }],
      ["url", { kind: "webex", name: "r", token: "secret", roomId: "room" }],
      ["url", { kind: "webhook", name: "r", url: "https://soc.example.com/x", secret: "secret" }],
      ["url", { kind: "splunk", name: "r", url: "https://splunk.example.com:8088", token: "secret" }],
      ["host", { kind: "email", name: "r", host: "mail.example.com", from: "r@example.com", to: ["a@example.com"] }],
      ["host", { kind: "syslog", name: "r", host: "siem.example.com" }],
    ] as const
  ).map(([key, route]) => [`alerts.routes.0.${key}`, { alerts: { routes: [route] } }] as const),
  ["switches.voiceSwitchUrl", { switches: { voiceSwitchUrl: "http://192.0.2.7:8080/api" } }],
  ["switches.kamailioUrl", { switches: { kamailioUrl: "http://[2001:db8::1]:8000/RPC" } }],
  ["switches.opensipsUrl", { switches: { opensipsUrl: "http://mi.example.com/mi" } }],
  ["observability.hepHost", { observability: { hepHost: "192.0.2.9" } }],
  ["store.databaseUrl", { store: { databaseUrl: "postgres://user:secret@db.example.com/ringfence" } }],
  ["store.databaseUrl", { store: { databaseUrl: "postgres://user:secret@localhost/ringfence?host=192.0.2.8" } }],
  ["threat.judge.url", { threat: { judge: { engine: "openai", url: "https://api.example.com/v1" } } }],
  ["sip.dnsServers.0", { sip: { dnsServers: ["192.0.2.53:53"] } }],
  ["sip.drachtio.host", { sip: { drachtio: { host: "192.0.2.22" } } }],
];
for (const [path, settings] of leaving) {
  test(`strict: ${path} outside the list stops the start, and names no secret`, () => {
    const problems = strictDataProblems(strict(settings));
    assert.equal(problems.length, 1, problems.join());
    assert.equal(problems[0]?.split(": ")[0], path);
    assert.ok(!problems.join().includes("secret"));
    assert.deepEqual(strictDataProblems(configOf(settings)), [], "and nothing where strict is off");
  });
}

test("strict: addresses, networks, names and all below a name are allowed where they are listed", () => {
  const settings = {
    webhook: { alertUrl: "https://alerts.corp.example.org/x" },
    switches: { voiceSwitchUrl: "http://10.1.2.3/api", kamailioUrl: "http://kamailio/RPC" },
    observability: { hepHost: "2001:db8::7" },
  };
  const allowed = ["10.0.0.0/8", "2001:db8::/32", "Kamailio", "*.corp.example.org", "127.0.0.0/8", "localhost"];
  assert.deepEqual(strictDataProblems(strict(settings, allowed)), []);
  assert.equal(strictDataProblems(strict(settings, ["10.0.0.0/8", "127.0.0.0/8", "localhost"])).length, 3);
});

test("strict: a name that only ends like an allowed one is not allowed", () => {
  const problems = strictDataProblems(
    strict({ webhook: { alertUrl: "https://evilcorp.example.org/" } }, [
      "*.corp.example.org",
      "127.0.0.0/8",
      "localhost",
    ]),
  );
  assert.equal(problems.length, 1);
});

test("strict: our own media addresses go nowhere; rtpengine is somebody else's", () => {
  const relay = { addresses: [{ address: "192.0.2.5", advertised: "198.51.100.1" }] };
  assert.deepEqual(strictDataProblems(strict({ media: { relay } })), []);
  const rtpengine = { instances: [{ host: "192.0.2.6", port: 22_222 }] };
  assert.deepEqual(
    strictDataProblems(strict({ media: { rtpengine } })).map((problem) => problem.split(": ")[0]),
    ["media.rtpengine.instances.0.host"],
  );
});

test("strict: who calls go to is not asked about: that is the call itself", () => {
  const settings = { sip: { nextHops: ["192.0.2.1:5060"], hopGroups: { far: ["sip:carrier.example.com"] } } };
  assert.deepEqual(strictDataProblems(strict(settings)), []);
});

test("strict: an engine that is a module is refused, unless the operator vouches for it", () => {
  const speech = { engine: "module", module: { path: "/opt/engine.js" } };
  assert.deepEqual(
    strictDataProblems(strict({ speech })).map((problem) => problem.split(": ")[0]),
    ["speech.engine"],
  );
  assert.deepEqual(strictDataProblems(configOf({ speech, privacy: { strict: true, allowModules: true } })), []);
  assert.deepEqual(strictDataProblems(strict({ speech: { engine: "whisper" } })), []);
});

test("strict: an entry that is neither network nor name is said so", () => {
  assert.match(strictDataProblems(strict({}, ["10.0.0.0/99"]))[0] ?? "", /privacy\.allowedHosts/);
});
