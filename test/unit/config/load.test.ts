import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfig, printableConfig } from "../../../gateway/config/load.js";
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
      name: "a hash of a key that is none",
      file: { http: { apiKeys: [{ key: "sha256:zz", role: "admin" }] } },
      says: /^http\.apiKeys\.0\.key: sha256: needs 64 hex digits after it$/,
    },
    {
      name: "a hash of a key with a digit too many",
      file: { http: { apiKeys: [{ key: `SHA256:${"a".repeat(65)}`, role: "admin" }] } },
      says: /^http\.apiKeys\.0\.key: sha256: needs 64 hex digits after it$/,
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

  test("a secret file that cannot be read is an error that names the key", () => {
    const read = (): string => {
      throw new Error("ENOENT");
    };
    const loaded = loadConfig({}, { WEBHOOK_SECRET_FILE: "/nowhere" }, read);
    assert.deepEqual(loaded.ok ? [] : loaded.error, ["WEBHOOK_SECRET_FILE: cannot be read"]);
  });
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
