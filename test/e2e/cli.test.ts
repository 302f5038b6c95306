import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "csv-parse/sync";
import {
  ringfenceEntry,
  startGateway,
  TEST_KEYS,
  WIDE_WINDOW,
  type GatewayProcess,
} from "../support/gateway-process.js";
import { startProcess, temporaryFolder, until } from "../support/processes.js";
import { openTelephones, place, type Telephones } from "../support/telephones.js";

interface Done {
  readonly code: number | null;
  /** stdout and stderr. */
  readonly text: string;
}

async function ringfence(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Done> {
  const running = startProcess(process.execPath, [...ringfenceEntry(), ...args], { env });
  const code = await running.exited;
  return { code, text: running.output() };
}

const folder = temporaryFolder("e2e-cli");
after(() => folder.remove());
const file = (name: string, content: string): string => {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
};

describe("ringfence config", () => {
  test("config print shows every value in force as JSON, what the environment says included, secrets hidden", async () => {
    const path = file("keys.yaml", `http:\n  apiKeys:\n    - { key: ${TEST_KEYS.admin}, role: admin }\n`);
    const { code, text } = await ringfence(["config", "print", "--config", path], { SIP_LISTEN_PORT: "5077" });
    assert.equal(code, 0);
    const config = JSON.parse(text) as { sip: Record<string, unknown>; http: { apiKeys: { key: string }[] } };
    assert.equal(config.sip["listenPort"], 5077);
    assert.equal(config.http.apiKeys[0]?.key, "<secret>");
    assert.ok(!text.includes(TEST_KEYS.admin));
  });

  for (const [what, content, names] of [
    ["an unknown key", "sip:\n  nextHop: 192.0.2.1\n", /sip\.nextHop/],
    [
      "an unknown key of the second trunk",
      "trunks:\n  - id: a\n  - id: b\n    source: 192.0.2.1\n",
      /trunks\.1\.source/,
    ],
    ["a value out of range", "detection:\n  masking:\n    threshold: 1\n", /detection\.masking\.threshold/],
    ["a hop group that there is not", "trunks: [{ id: a, hopGroup: nowhere }]\n", /trunks\.0\.hopGroup/],
    ["broken YAML", "sip: [", /broken\.yaml/],
    [
      "a section that contains itself",
      "alerts: &a { routes: [*a] }\n",
      /alerts\.routes\.0: a value that contains itself/,
    ],
    ["an API key that can be guessed", "http: { apiKeys: [{ key: short, role: admin }] }\n", /http\.apiKeys\.0\.key: /],
    [
      "a source of two trunks",
      "trunks: [{ id: a, sources: [192.0.2.1] }, { id: b, sources: [192.0.2.1] }]\n",
      /trunks\.1\.sources\.0: .*"b".*"a"/,
    ],
  ] as const) {
    test(`config check and serve refuse ${what}, name it, and end with 1`, async () => {
      const path = file("broken.yaml", content);
      for (const args of [
        ["config", "check", path],
        ["serve", "--config", path],
      ]) {
        const { code, text } = await ringfence(args);
        assert.equal(code, 1, text);
        assert.match(text, /^config\.invalid:\n/);
        assert.match(text, names);
        assert.doesNotMatch(text, /^\s+at /m);
      }
    });
  }

  test("config check says that a good file is good", async () => {
    const path = file("good.yaml", "sip: { nextHops: ['192.0.2.1:5060', 'sip:192.0.2.2:5061;transport=tcp'] }\n");
    const { code, text } = await ringfence(["config", "check", path]);
    assert.equal(code, 0);
    assert.match(text, /^the configuration is good$/m);
  });

  test("config check says what the environment changes, and refuses a recogniser without its model", async () => {
    const env = { HTTP_PORT: "5001" };
    const good = await ringfence(["config", "check", file("env.yaml", "http: { listenPort: 5000 }\n")], env);
    assert.match(good.text, /^from the environment: http\.listenPort from HTTP_PORT \(the file says otherwise\)$/m);
    const deaf = "speech: { engine: whisper, modelFolder: /nowhere }\n";
    const { code, text } = await ringfence(["config", "check", file("deaf.yaml", deaf)]);
    assert.equal(code, 1);
    assert.match(text, /speech\.whisper\.model: .* is not there: `ringfence models pull base\.en`/);
  });
});

describe("ringfence serve on a port that is taken", () => {
  for (const [what, section] of [
    ["sip", (port: number) => ({ sip: { listenAddress: "127.0.0.1", listenPort: port, nextHops: [] } })],
    ["http", (port: number) => ({ http: { listenAddress: "127.0.0.1", listenPort: port } })],
    ["metrics", (port: number) => ({ metrics: { listenPort: port } })],
  ] as const) {
    test(`${what}.listenPort: one line names it, exit 1, and the folder is free again`, async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
      const own = temporaryFolder("e2e-taken");
      try {
        const { port } = taken.address() as AddressInfo;
        await assert.rejects(startGateway(section(port), { folder: own.path }), ({ message }: Error) => {
          assert.match(message, /the gateway ended with 1:/);
          const line = `^listen\\.failed: ${what}\\.listenPort: .* cannot listen on 127\\.0\\.0\\.1:${port}: another process`;
          assert.match(message, new RegExp(line, "m"));
          assert.doesNotMatch(message, /"stack"|^\s+at /m);
          return true;
        });
        assert.ok(!readdirSync(join(own.path, "data")).includes("ringfence.lock"), "the lock is left behind");
      } finally {
        taken.close();
        own.remove();
      }
    });
  }
});

describe("commands against a running gateway", () => {
  let phones: Telephones;
  let gateway: GatewayProcess;
  const env = (role: keyof typeof TEST_KEYS = "admin"): Record<string, string> => ({
    RINGFENCE_URL: gateway.ready.http,
    RINGFENCE_KEY: TEST_KEYS[role],
  });

  before(async () => {
    phones = await openTelephones();
    gateway = await startGateway({
      sip: { listenPort: 0, nextHops: [`127.0.0.1:${phones.called.port}`] },
      limits: { drainMs: 0 },
      detection: WIDE_WINDOW,
    });
  });
  after(async () => {
    await gateway.stop();
    phones.close();
  });

  test("simulate: the fifth of five callers is detected, and the alert is there", async () => {
    const { code, text } = await ringfence(["simulate", "attack", "--callers", "6", "--called", "+12025550181"], env());
    assert.equal(code, 0, text);
    assert.match(text, /DETECTED/);
    assert.match(text, /6 calls: 2 part of an attack/);
    const alerts = (await gateway.api("/alerts")).json as { b_number: string }[];
    assert.ok(alerts.some(({ b_number }) => b_number === "+12025550181"));
  });

  test("simulate honest: nobody is detected", async () => {
    const { code, text } = await ringfence(["simulate", "honest", "--seconds", "2"], env());
    assert.equal(code, 0, text);
    assert.match(text, /: 0 part of an attack, 0 refused/);
  });

  test("simulate without a gateway ends with 1 and says why", async () => {
    const { code, text } = await ringfence(["simulate", "--url", "http://127.0.0.1:9"]);
    assert.equal(code, 1);
    assert.match(text, /http:\/\/127\.0\.0\.1:9\/event/);
  });

  test("blocks add, list, remove: a real call is refused in between, and only then", async () => {
    const called = "+12025550182";
    const call = async (): Promise<number | undefined> => {
      const [leg] = await place(phones.carrierA, gateway.sipPort, called, 0, 1);
      if (leg?.status === 200) phones.carrierA.hangUp(leg);
      return leg?.status;
    };
    assert.equal(await call(), 200);
    const order = ["blocks", "add", called, "--caller", "+13035550100", "--ttl", "10m", "--reason", "test"];
    const added = await ringfence(order, env("analyst"));
    assert.equal(added.code, 0, added.text);
    assert.equal(await call(), 603);
    const listed = await ringfence(["blocks", "list", "--json"], env("viewer"));
    const blocks = JSON.parse(listed.text) as { block_id: string; b_number: string }[];
    const block = blocks.find(({ b_number }) => b_number === called);
    assert.ok(block);
    const removed = await ringfence(["blocks", "remove", block.block_id], env("analyst"));
    assert.equal(removed.code, 0, removed.text);
    assert.equal(await call(), 200);
  });

  test("blocks add that would hit everybody is refused with the reason; a viewer may not add at all", async () => {
    const everybody = await ringfence(["blocks", "add", "+12025550183"], env());
    assert.equal(everybody.code, 1);
    assert.match(everybody.text, /--caller, --prefix or --trunk/);
    const viewer = await ringfence(["blocks", "add", "+12025550183", "--caller", "+13035550100"], env("viewer"));
    assert.equal(viewer.code, 1);
  });

  test("cdr export writes the same calls as CSV and as JSON lines", async () => {
    const cdrs = async (): Promise<number> =>
      ((await gateway.api("/api/v1/cdrs?called=%2B12025550182")).json as unknown[]).length;
    await until("three CDRs", async () => (await cdrs()) === 3);
    const csv = join(folder.path, "cdrs.csv");
    const jsonl = join(folder.path, "cdrs.jsonl");
    for (const [format, out] of [
      ["csv", csv],
      ["jsonl", jsonl],
    ] as const) {
      const done = await ringfence(
        ["cdr", "export", "--format", format, "--called", "+12025550182", "--out", out],
        env(),
      );
      assert.equal(done.code, 0, done.text);
    }
    const rows = parse(readFileSync(csv, "utf8"), { columns: true }) as unknown as Record<string, string>[];
    const lines = readFileSync(jsonl, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      rows.map((row) => [row["call_id"], row["status"]]),
      lines.map((line) => [line["call_id"], String(line["status"])]),
    );
    assert.deepEqual(
      rows.map(({ status }) => status),
      ["200", "603", "200"],
    );
  });

  test("cdr export from the folder of a running gateway says that it is running", async () => {
    const data = join(gateway.folder, "data");
    const running = await ringfence(["cdr", "export", "--store", data]);
    assert.equal(running.code, 1);
    assert.match(running.text, /store\.locked/);
  });

  test("audit verify: an intact log, then one with a changed record", async () => {
    const audit = join(gateway.folder, "data/audit");
    const intact = await ringfence(["audit", "verify", audit]);
    assert.equal(intact.code, 0, intact.text);
    assert.match(intact.text, /^intact: \d+ records/);
    const name = readdirSync(audit).find((each) => readFileSync(join(audit, each), "utf8").includes("+12025550182"));
    assert.ok(name !== undefined);
    const forged = readFileSync(join(audit, name), "utf8").replace("+12025550182", "+12025550199");
    const tampered = await ringfence(["audit", "verify", file(name, forged)]);
    assert.equal(tampered.code, 1);
    assert.match(tampered.text, /^audit\.tampered: .* line \d+/);
  });

  test("replay of the exported calls runs, and --diff shows what another threshold would have done", async () => {
    const start = Date.parse("2026-01-05T10:00:00Z");
    const event = (i: number): string =>
      JSON.stringify({
        call_id: `replay-${i}`,
        a_number: `+1303555010${i}`,
        b_number: "+12025550184",
        timestamp: new Date(start + i * 500).toISOString(),
        status: "active",
        switch_id: "carrier-a",
      });
    const recording = file("events.jsonl", `${[0, 1, 2, 3, 4, 5].map(event).join("\n")}\n`);
    const same = await ringfence(["replay", recording, "--json"]);
    assert.equal(same.code, 0, same.text);
    assert.equal((JSON.parse(same.text) as { incidents: number }).incidents, 1);
    const other = await ringfence(["replay", recording, "--diff", "masking.threshold=8", "--json"]);
    const { before: these, after: others } = JSON.parse(other.text) as Record<
      "before" | "after",
      { incidents: number }
    >;
    assert.deepEqual([these.incidents, others.incidents], [1, 0]);
    const text = await ringfence(["replay", recording, "--diff", "masking.threshold=8"]);
    assert.match(text.text, /incidents\s+1\s+0\s+-1/);
    const cdrs = await ringfence(["replay", join(folder.path, "cdrs.csv"), "--json"]);
    assert.equal(cdrs.code, 0, cdrs.text);
    const bad = await ringfence(["replay", recording, "--diff", "masking.treshold=8"]);
    assert.equal(bad.code, 2);
    assert.match(bad.text, /detection\.masking\.treshold/);
  });
});
