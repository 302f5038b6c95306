import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { loadConfig, printableConfig, valuesFromEnvironment } from "../../../gateway/config/load.js";
import type { Config } from "../../../gateway/config/schema.js";

const noSecrets = (path: string): string => assert.fail(`nothing to read at ${path}`);

function good(file: unknown, env: Record<string, string> = {}): Config {
  const loaded = loadConfig(file, env, noSecrets);
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.error.join("\n"));
  return loaded.value;
}

function problems(file: unknown, env: Record<string, string> = {}): readonly string[] {
  const loaded = loadConfig(file, env, noSecrets);
  assert.ok(!loaded.ok, "accepted");
  return loaded.error;
}

describe("configuration", () => {
  test("everything has a default: no file and an empty environment are enough", () => {
    const config = good(undefined);
    assert.equal(config.sip.listenPort, 5060);
    assert.equal(config.http.listenPort, 5000);
    assert.equal(config.metrics.listenPort, 9090);
    assert.deepEqual([config.detection.masking.windowMs, config.detection.masking.threshold], [5000, 5]);
    assert.equal(config.detection.masking.mode, "enforce");
  });

  test("every listener's default is loopback", () => {
    const { sip, http, metrics } = good(undefined);
    assert.deepEqual([sip.listenAddress, http.listenAddress, metrics.listenAddress], Array(3).fill("127.0.0.1"));
  });

  const bad: readonly { name: string; file: unknown; env?: Record<string, string>; says: RegExp }[] = [
    {
      name: "an unknown key",
      file: { detection: { masking: { treshold: 5 } } },
      says: /^detection\.masking\.treshold: unknown key$/,
    },
    { name: "an unknown section", file: { sipp: {} }, says: /^sipp: unknown key$/ },
    { name: "a bad value", file: { sip: { listenPort: 70_000 } }, says: /^sip\.listenPort: / },
    { name: "a bad next hop", file: { sip: { nextHops: ["not a hop"] } }, says: /^sip\.nextHops\.0/ },
    {
      name: "a bad network",
      file: { http: { switchSources: ["somewhere"] } },
      says: /^http\.switchSources\.0: not an address or CIDR$/,
    },
    {
      name: "an empty key",
      file: { http: { apiKeys: [{ key: "", role: "admin" }] } },
      says: /^http\.apiKeys\.0\.key: /,
    },
    {
      name: "a key of 15 characters",
      file: { http: { apiKeys: [{ key: "0123456789abcde", role: "admin" }] } },
      says: /^http\.apiKeys\.0\.key: must be 16 characters or longer$/,
    },
    {
      name: "a hash of a key that is none",
      file: { http: { apiKeys: [{ key: "sha256:zz", role: "admin" }] } },
      says: /^http\.apiKeys\.0\.key: sha256: needs 64 hex digits after it$/,
    },
    {
      name: "a hash of a key with a digit too many",
      file: { http: { apiKeys: [{ key: `SHA256:${"a".repeat(65)}`, role: "admin" }] } },
      says: /^http\.apiKeys\.0\.key: sha256: needs 64 hex digits after it$/,
    },
    {
      name: "a section that contains itself",
      file: parse("alerts: &a { routes: [*a] }"),
      says: /^alerts\.routes\.0: a value that contains itself \(an alias of alerts\)$/,
    },
    { name: "a list instead of sections", file: ["sip"], says: /^\(root\): / },
    {
      name: "a word for a number in the environment",
      file: undefined,
      env: { SIP_LISTEN_PORT: "many" },
      says: /^SIP_LISTEN_PORT: not a number$/,
    },
  ];
  for (const { name, file, env, says } of bad) {
    test(`${name} stops the start with its path named`, () => assert.match(problems(file, env ?? {}).join("\n"), says));
  }

  test("the environment overrides the file", () => {
    assert.equal(good({ sip: { listenPort: 5080 } }, { SIP_LISTEN_PORT: "5070" }).sip.listenPort, 5070);
    assert.deepEqual(good({}, { SIP_NEXT_HOPS: "192.0.2.1:5060,192.0.2.2:5060" }).sip.nextHops, [
      "192.0.2.1:5060",
      "192.0.2.2:5060",
    ]);
    assert.equal(good({}, { DETECTION_SHADOW: "true" }).detection.shadow, true);
  });
});

describe("names of the replaced service", () => {
  test("each is an alias of our key", () => {
    const config = good(undefined, {
      DETECTION_WINDOW_SEC: "7",
      DETECTION_THRESHOLD: "9",
      SWITCH_PROTOCOL: "kamailio",
      VOICE_SWITCH_API_URL: "http://192.0.2.9:8080/api/v1",
      KAMAILIO_MI_URL: "http://192.0.2.9:5060",
      HTTP_PORT: "5001",
      WEBHOOK_URL: "https://192.0.2.9/hook",
      LOG_LEVEL: "WARN",
      DATABASE_URL: "postgres://u:p@192.0.2.9/db",
    });
    assert.deepEqual([config.detection.masking.windowMs, config.detection.masking.threshold], [7000, 9]);
    assert.deepEqual(
      [config.switches.protocol, config.switches.voiceSwitchUrl],
      ["kamailio", "http://192.0.2.9:8080/api/v1"],
    );
    assert.equal(config.switches.kamailioUrl, "http://192.0.2.9:5060");
    assert.equal(config.http.listenPort, 5001);
    assert.equal(config.webhook.alertUrl, "https://192.0.2.9/hook");
    assert.equal(config.logs.level, "warn");
    assert.equal(config.store.databaseUrl, "postgres://u:p@192.0.2.9/db");
  });

  test("an alias that disagrees with the canonical name is an error, and no value is printed", () => {
    const [line = ""] = problems(undefined, {
      DATABASE_URL: "postgres://u:secret@a/b",
      STORE_DATABASE_URL: "postgres://c/d",
    });
    assert.match(line, /DATABASE_URL and STORE_DATABASE_URL .*disagree/);
    assert.doesNotMatch(line, /secret/);
  });

  test("an alias that agrees is fine", () => {
    assert.equal(good(undefined, { HTTP_PORT: "5001", HTTP_LISTEN_PORT: "5001" }).http.listenPort, 5001);
  });
});

describe("secrets", () => {
  const file = {
    http: { apiKeys: [{ key: "0123456789abcdef-secret", role: "admin" }] },
    webhook: { secret: "hook-secret" },
    store: { databaseUrl: "postgres://u:db-secret@192.0.2.1/x" },
  };

  test("are hidden when the configuration is printed, wherever they stand", () => {
    const printed = JSON.stringify(printableConfig(good(file)));
    assert.doesNotMatch(printed, /secret@|hook-secret|abcdef-secret|cymru/);
    assert.match(printed, /"secret":"<secret>"/);
    assert.match(printed, /"key":"<secret>"/);
    assert.match(printed, /"windowMs":5000/);
  });

  test("may come from a file, named in the environment or beside the key", () => {
    const read = (path: string): string => `from ${path}\n`;
    const byEnv = loadConfig({}, { WEBHOOK_SECRET_FILE: "/run/hook" }, read);
    const byKey = loadConfig({ webhook: { secretFile: "/run/key" } }, {}, read);
    assert.equal(byEnv.ok && byEnv.value.webhook.secret, "from /run/hook");
    assert.equal(byKey.ok && byKey.value.webhook.secret, "from /run/key");
  });

  test("inside a list too: an API key in a file of its own", () => {
    const file = { http: { apiKeys: [{ keyFile: "/run/admin", role: "admin" }] } };
    const loaded = loadConfig(file, {}, (path) => `key from ${path}\n`);
    assert.equal(loaded.ok && loaded.value.http.apiKeys[0]?.key, "key from /run/admin");
  });

  const gone = (): string => {
    throw Object.assign(new Error("gone"), { code: "ENOENT" });
  };
  const unreadable: readonly { name: string; file: unknown; env?: Record<string, string>; says: RegExp }[] = [
    {
      name: "by a variable",
      file: {},
      env: { WEBHOOK_SECRET_FILE: "/nowhere" },
      says: /^WEBHOOK_SECRET_FILE: "\/nowhere" cannot be read \(there is no such file\)$/,
    },
    {
      name: "by a key",
      file: { webhook: { secretFile: "/nowhere" } },
      says: /^webhook\.secretFile: "\/nowhere" cannot/,
    },
    {
      name: "by a key in a list",
      file: { asterisk: { servers: [{ id: "a", url: "http://192.0.2.1", user: "u", passwordFile: "/nowhere" }] } },
      says: /^asterisk\.servers\.0\.passwordFile: "\/nowhere" cannot/m,
    },
    {
      name: "by a key of one kind of route",
      file: { alerts: { routes: [{ kind: "splunk", name: "s", url: "https://192.0.2.1", tokenFile: "/nowhere" }] } },
      says: /^alerts\.routes\.0\.tokenFile: "\/nowhere" cannot/m,
    },
    {
      name: "as something else than a path",
      file: { webhook: { secretFile: 7 } },
      says: /^webhook\.secretFile: must be/,
    },
  ];
  for (const { name, file: bad, env = {}, says } of unreadable) {
    test(`one that is asked for ${name} and cannot be read is named as it was asked for`, () => {
      const loaded = loadConfig(bad, env, gone);
      assert.match(loaded.ok ? "" : loaded.error.join("\n"), says);
    });
  }

  test("the environment's word counts: the file that is named in the configuration is not even read", () => {
    const loaded = loadConfig({ webhook: { secretFile: "/nowhere" } }, { WEBHOOK_SECRET: "from outside" }, gone);
    assert.equal(loaded.ok && loaded.value.webhook.secret, "from outside");
  });

  test("each kind of alert route has its own: read from files, and hidden", () => {
    const routes = [
      { kind: "slack", name: "a", urlFile: "https://hooks.example/" },
      { kind: "webex", name: "b", tokenFile: "token-", roomId: "room" },
      { kind: "email", name: "c", host: "mx", from: "a@example.com", to: ["b@example.com"], passwordFile: "pass-" },
      { kind: "webhook", name: "d", url: "https://192.0.2.1/hook", secretFile: "hook-" },
      { kind: "splunk", name: "e", url: "https://192.0.2.1", tokenFile: "splunk-" },
    ];
    const loaded = loadConfig({ alerts: { routes } }, {}, (path) => `${path}hidden`);
    assert.ok(loaded.ok, loaded.ok ? "" : loaded.error.join());
    assert.equal(JSON.stringify(loaded.value).match(/hidden/g)?.length, 5);
    const printed = JSON.stringify(printableConfig(loaded.value));
    assert.doesNotMatch(printed, /hidden/);
    assert.match(printed, /https:\/\/192\.0\.2\.1\/hook/, "what is no secret is shown");
  });
});

test("what comes from the environment is named as it was set, and whether the file says otherwise", () => {
  const env = { HTTP_PORT: "5017", LOGS_LEVEL: "warn", SIP_LISTEN_PORT: "5060", WEBHOOK_SECRET_FILE: "/run/hook" };
  const file = { http: { listenPort: 5000 }, sip: { listenPort: 5060 } };
  assert.deepEqual(valuesFromEnvironment(file, env), [
    { key: "sip.listenPort", variable: "SIP_LISTEN_PORT", overFile: false },
    { key: "http.listenPort", variable: "HTTP_PORT", overFile: true },
    { key: "webhook.secret", variable: "WEBHOOK_SECRET_FILE", overFile: false },
    { key: "logs.level", variable: "LOGS_LEVEL", overFile: false },
  ]);
  assert.deepEqual(valuesFromEnvironment(file, {}), []);
});

test("credentials in URLs are not printed", () => {
  const printed = JSON.stringify(
    printableConfig(
      good({
        webhook: { alertUrl: "https://user:hunter2@hooks.example/alerts?token=hunter2" },
        switches: { kamailioUrl: "http://admin:p@ss:hunter2@192.0.2.4:5060/RPC" },
      }),
    ),
  );
  assert.doesNotMatch(printed, /hunter2/);
  assert.match(printed, /https:\/\/<secret>@hooks\.example\/alerts\?<secret>/);
});
