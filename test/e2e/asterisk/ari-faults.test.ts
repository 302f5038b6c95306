import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverOf, startAriAsterisk } from "../../support/ari-stage.js";
import { asteriskMissing, type Asterisk } from "../../support/asterisk.js";
import { CuttableProxy } from "../../support/cuttable-proxy.js";
import { startGateway, WIDE_WINDOW, type GatewayProcess } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { openTelephones, place, type Telephones } from "../../support/telephones.js";

const skip = asteriskMissing() ?? false;
/** Numbers that are answered and stay up, a new one for each test: many callers to one are an attack. */
let last = 100;
const freshNumber = (): string => `56${last++}`;

interface Component {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

describe("Asterisks that fail", { skip }, () => {
  let phones: Telephones;
  let first: Asterisk;
  let second: Asterisk;
  let proxy: CuttableProxy;
  let gateway: GatewayProcess;

  before(async () => {
    phones = await openTelephones();
    [first, second] = await Promise.all([
      startAriAsterisk({ peerPort: phones.called.port }),
      startAriAsterisk({ peerPort: phones.called.port }),
    ]);
    proxy = await CuttableProxy.open(second.httpPort);
    gateway = await startGateway({
      asterisk: {
        servers: [
          serverOf(first, "pbx1"),
          serverOf(second, "pbx2", { ariUrl: `http://127.0.0.1:${proxy.port}/ari` }),
          serverOf(first, "pbx3", { password: "not-the-password", app: "other" }),
        ],
      },
      detection: WIDE_WINDOW,
    });
    await until("both to be up", async () => (await up("pbx1")) === 1 && (await up("pbx2")) === 1);
  });
  after(async () => {
    await gateway.stop();
    await proxy.close();
    await Promise.all([first.stop(), second.stop()]);
    phones.close();
  });

  const of = (server: string): string => `{server="${server}"}`;
  const up = (server: string): Promise<number> => gateway.metric("ringfence_ari_up", of(server));
  const live = (server: string): Promise<number> => gateway.metric("ringfence_ari_calls_live", of(server));
  const cdrs = async (): Promise<readonly { call_id: string; cause: string; ended_at: string }[]> =>
    (await gateway.api("/api/v1/cdrs?limit=100")).json as never;
  const said = (event: string, server: string): number =>
    gateway.running
      .output()
      .split("\n")
      .filter((line) => line.includes(event) && line.includes(`"${server}"`)).length;

  test("a wrong password is said once and in health; the other Asterisks are watched", async () => {
    await until("it to be said", () => said("ari.credentials", "pbx3") === 1);
    const { json } = await gateway.api("/ready");
    const { components } = json as { components: readonly Component[] };
    const health = new Map(components.map((component) => [component.name, component]));
    assert.equal(health.get("asterisk:pbx1")?.ok, true);
    assert.equal(health.get("asterisk:pbx2")?.ok, true);
    assert.equal(health.get("asterisk:pbx3")?.ok, false);
    assert.match(health.get("asterisk:pbx3")?.detail ?? "", /password/);
    assert.doesNotMatch(gateway.running.output(), /not-the-password/);
  });

  test("an attack that comes by two Asterisks is one attack, and is ended on both", async () => {
    const victim = "+12025550142";
    const before = (await cdrs()).length;
    const legs = [
      ...(await place(phones.carrierA, first.sipPort, victim, 0, 2)),
      ...(await place(phones.carrierA, second.sipPort, victim, 2, 2)),
    ];
    assert.ok(legs.every((leg) => leg.status === 200 && leg.endedBy === undefined));
    legs.push(...(await place(phones.carrierA, first.sipPort, victim, 4, 1)));
    assert.ok(await phones.carrierA.until(() => legs.every((leg) => leg.endedAt !== undefined)));
    await until("all to be over", async () => (await live("pbx1")) + (await live("pbx2")) === 0);
    await until("their CDRs", async () => (await cdrs()).length >= before + legs.length);
  });

  test("the WebSocket is cut in mid-call: what ended meanwhile is over, what began is watched", async () => {
    const [stays, ends] = await place(phones.carrierA, second.sipPort, freshNumber(), 10, 2);
    assert.ok(stays !== undefined && ends !== undefined);
    await until("two calls", async () => (await live("pbx2")) === 2);
    const before = (await cdrs()).length;
    proxy.refusing = true;
    proxy.cut();
    await until("it to be down", async () => (await up("pbx2")) === 0);
    phones.carrierA.hangUp(ends);
    assert.ok(await phones.carrierA.until(() => ends.endedAt !== undefined));
    const [begins] = await place(phones.carrierA, second.sipPort, freshNumber(), 12, 1);
    proxy.refusing = false;
    await until("it to be up again", async () => (await up("pbx2")) === 1, 60_000);
    await until("one CDR more", async () => (await cdrs()).length === before + 1);
    await until("two calls again", async () => (await live("pbx2")) === 2);
    assert.ok(begins !== undefined);
    for (const leg of [stays, begins]) phones.carrierA.hangUp(leg);
    await until("all to be over", async () => (await live("pbx2")) === 0);
    await until("their CDRs", async () => (await cdrs()).length >= before + 3);
    assert.equal((await cdrs()).length, before + 3);
  });

  test("an Asterisk that crashes in mid-call: its calls are over, and once it is back it is watched again", async () => {
    await place(phones.carrierA, first.sipPort, freshNumber(), 20, 3);
    await until("three calls", async () => (await live("pbx1")) === 3);
    const before = new Set((await cdrs()).map(({ call_id: id }) => id));
    const added = async () => (await cdrs()).filter(({ call_id: id }) => !before.has(id));
    const killedAt = Date.now();
    await first.kill();
    await until("it to be down", async () => (await up("pbx1")) === 0);
    const downAt = Date.now();
    assert.equal((await gateway.api("/ready")).status, 200, "the gateway itself is well");
    await first.restart();
    await until("it to be up again", async () => (await up("pbx1")) === 1, 60_000);
    await until("the calls to be over", async () => (await live("pbx1")) === 0);
    await until("their CDRs", async () => (await added()).length === 3);
    // Not when it was noticed, once it was back; it was heard of at least every ten seconds until it was down.
    const dead = (await added()).filter(({ cause }) => cause === "dead").map(({ ended_at: at }) => Date.parse(at));
    assert.equal(dead.length, 3);
    for (const at of dead) assert.ok(at > killedAt - 20_000 && at <= downAt, `${at - killedAt} ms after the crash`);
    const [leg] = await place(phones.carrierA, first.sipPort, freshNumber(), 24, 1);
    await until("one call", async () => (await live("pbx1")) === 1);
    assert.ok(leg !== undefined);
    phones.carrierA.hangUp(leg);
    await until("it to be over", async () => (await live("pbx1")) === 0);
  });

  test("an order to end a call of an Asterisk that is out of reach is an outcome, not a wait without end", async () => {
    const [leg] = await place(phones.carrierA, second.sipPort, freshNumber(), 30, 1);
    await until("one call", async () => (await live("pbx2")) === 1);
    const id = (await second.cli("core show channels concise")).trim().split("!").at(-1) ?? "";
    proxy.refusing = true;
    proxy.cut();
    const body = { call_ids: [`pbx2;${id}`], reason: "test" };
    const { json } = await gateway.api("/api/v1/calls/end", { body });
    const { results } = json as { results: readonly { outcome: string; success: boolean }[] };
    assert.deepEqual(
      results.map(({ outcome, success }) => [outcome, success]),
      [["unreachable", false]],
    );
    proxy.refusing = false;
    await until("it to be up again", async () => (await up("pbx2")) === 1, 60_000);
    const again = await gateway.api("/api/v1/calls/end", { body });
    assert.deepEqual(
      (again.json as { results: readonly { outcome: string }[] }).results.map(({ outcome }) => outcome),
      ["confirmed"],
    );
    assert.ok(await phones.carrierA.until(() => leg?.endedAt !== undefined));
  });
});
