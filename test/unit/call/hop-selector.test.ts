import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrunkId } from "../../../detection/index.js";
import { DEFAULT_HOP_HEALTH, HopHealth, hopUri, type HopHealthOptions } from "../../../gateway/call/hop-health.js";
import { GroupHopSelector, type HopGroups, type HopSettings } from "../../../gateway/call/hop-selector.js";
import { weightedRotation } from "../../../gateway/call/weighted-rotation.js";
import type { NextHopResolver } from "../../../gateway/ports/next-hop-resolver.js";
import type { OutgoingSpec, OutgoingUser, SipEndpoint, SipTarget } from "../../../gateway/ports/sip-endpoint.js";
import { SipHeaders } from "../../../gateway/sip/message/sip-headers.js";
import { NO_BODY, type SipResponse } from "../../../gateway/sip/message/sip-message.js";
import { LogDouble, MetricsDouble, plainPolicy, settle } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

const target = (address: string): SipTarget => ({ protocol: "udp", address, port: 5060 });
const hop = (name: string, over: Partial<HopSettings> = {}): HopSettings => ({
  hop: name,
  priority: 0,
  weight: 1,
  mtuSwitch: true,
  ...over,
});

/** Knows what it was told; other names are looked up when the test lets them. */
class ResolverDouble implements NextHopResolver {
  readonly known = new Map<string, readonly SipTarget[]>();
  readonly asked: string[] = [];
  answer: (name: string) => readonly SipTarget[] | undefined = () => undefined;
  cached = (name: string): readonly SipTarget[] | undefined => this.known.get(name);
  resolve(name: string): Promise<readonly SipTarget[]> {
    this.asked.push(name);
    const found = this.answer(name);
    return found === undefined ? Promise.reject(new Error("no such name")) : Promise.resolve(found);
  }
}

/** Keeps the OPTIONS that were sent until the test answers them. */
class PingDouble implements Pick<SipEndpoint, "request"> {
  readonly sent: { spec: OutgoingSpec; user: OutgoingUser }[] = [];
  request(spec: OutgoingSpec, user: OutgoingUser) {
    this.sent.push({ spec, user });
    return {
      request: {
        kind: "request" as const,
        method: spec.method,
        uri: spec.uri,
        headers: new SipHeaders(),
        body: NO_BODY,
      },
      cancel: () => undefined,
    };
  }
  answer(status: number, { local = false, headers = [] as [string, string][] } = {}): void {
    const response: SipResponse = {
      kind: "response",
      status,
      reason: "",
      headers: SipHeaders.of(headers),
      body: NO_BODY,
    };
    for (const { user } of this.sent.splice(0)) user.onFinal(response, local);
  }
}

function setUp(groups: HopGroups, health: Partial<HopHealthOptions> = {}) {
  const clock = new FakeClock();
  const resolver = new ResolverDouble();
  for (const each of Object.values(groups).flat()) resolver.known.set(each.hop, [target(each.hop)]);
  const log = new LogDouble();
  const metrics = new MetricsDouble();
  const hopHealth = new HopHealth({ ...DEFAULT_HOP_HEALTH, ...health }, { clock, resolver, log, metrics });
  const selector = new GroupHopSelector(groups, { resolver, health: hopHealth });
  const pings = new PingDouble();
  hopHealth.start(pings);
  const names = (group = "default"): string[] => {
    const choices = selector.choose({ ...plainPolicy, id: "t" as TrunkId, hopGroup: group });
    assert.ok(!(choices instanceof Promise), "names are known: the answer is at once");
    return choices.map((choice) => choice.name);
  };
  return { clock, resolver, health: hopHealth, selector, pings, names, log, metrics };
}

const AB = { default: [hop("192.0.2.1"), hop("192.0.2.2")] };

test("hops: those of one priority take turns, the next priority comes after them", () => {
  const { names } = setUp({ default: [hop("192.0.2.3", { priority: 1 }), hop("192.0.2.1"), hop("192.0.2.2")] });
  assert.deepEqual(
    [names(), names(), names()],
    [
      ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
      ["192.0.2.2", "192.0.2.1", "192.0.2.3"],
      ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
    ],
  );
});

test("hops: calls are shared by weight", () => {
  const { names } = setUp({ default: [hop("192.0.2.1", { weight: 3 }), hop("192.0.2.2", { weight: 1 })] });
  const firsts = Array.from({ length: 400 }, () => names()[0]);
  assert.equal(firsts.filter((name) => name === "192.0.2.1").length, 300);
});

test("hops: a trunk's group; an unknown group has none", () => {
  const { names } = setUp({ default: [hop("192.0.2.1")], south: [hop("192.0.2.9")] });
  assert.deepEqual([names("south"), names("nowhere")], [["192.0.2.9"], []]);
});

test("hops: one that is down comes last, and the answer is never empty", () => {
  const { names, selector } = setUp(AB);
  for (let i = 0; i < 3; i++) selector.report("192.0.2.1", "silent");
  assert.deepEqual(
    [names(), names()],
    [
      ["192.0.2.2", "192.0.2.1"],
      ["192.0.2.2", "192.0.2.1"],
    ],
  );
  for (let i = 0; i < 3; i++) selector.report("192.0.2.2", "failed");
  assert.equal(names().length, 2);
});

test("hops: when the first priority is down, the second takes turns", () => {
  const { names, selector } = setUp({
    default: [hop("192.0.2.1"), hop("192.0.2.2", { priority: 1 }), hop("192.0.2.3", { priority: 1 })],
  });
  for (let i = 0; i < 3; i++) selector.report("192.0.2.1", "silent");
  assert.deepEqual([names()[0], names()[0], names()[2]], ["192.0.2.2", "192.0.2.3", "192.0.2.1"]);
});

test("hops: failures that are not in a row do not bring a hop down", () => {
  const { names, selector } = setUp(AB);
  for (let i = 0; i < 10; i++) {
    selector.report("192.0.2.1", "failed");
    selector.report("192.0.2.1", "failed");
    selector.report("192.0.2.1", "answered");
  }
  assert.equal(names()[0], "192.0.2.1");
});

test("hops: Retry-After of a 503 keeps the hop down for that long (RFC 3261 §21.5.4), capped", () => {
  const { names, selector, clock } = setUp(AB, { pingMs: 0, maxRetryAfterMs: 60_000 });
  selector.report("192.0.2.1", "failed", 10_000);
  assert.equal(names()[0], "192.0.2.2");
  clock.advance(9_000);
  assert.equal(names()[0], "192.0.2.2");
  clock.advance(2_000);
  assert.deepEqual(new Set([names()[0], names()[0]]), new Set(["192.0.2.1", "192.0.2.2"]));
  selector.report("192.0.2.1", "failed", 10 ** 9);
  clock.advance(61_000);
  assert.deepEqual(new Set([names()[0], names()[0]]), new Set(["192.0.2.1", "192.0.2.2"]));
});

test("hops: without OPTIONS a hop that is down is tried again after recheckMs, and one failure more is enough", () => {
  const { names, selector, clock } = setUp(AB, { pingMs: 0, recheckMs: 5_000 });
  for (let i = 0; i < 3; i++) selector.report("192.0.2.1", "silent");
  clock.advance(7_000);
  assert.deepEqual(new Set([names()[0], names()[0]]), new Set(["192.0.2.1", "192.0.2.2"]));
  selector.report("192.0.2.1", "silent");
  assert.deepEqual([names()[0], names()[0]], ["192.0.2.2", "192.0.2.2"]);
});

test("hops: mtuSwitch off reaches the targets", () => {
  const { selector } = setUp({ default: [hop("192.0.2.1", { mtuSwitch: false })] });
  const choices = selector.choose({ ...plainPolicy, id: "t" as TrunkId });
  assert.ok(!(choices instanceof Promise));
  assert.deepEqual(choices[0]?.targets, [{ ...target("192.0.2.1"), mtuSwitch: false }]);
});

test("hops: a name that is not known yet is looked up, others go first meanwhile", () => {
  const { resolver, names } = setUp({ default: [hop("a.example"), hop("192.0.2.2")] });
  resolver.known.delete("a.example");
  assert.deepEqual(names(), ["192.0.2.2"]);
  assert.ok(resolver.asked.includes("a.example"));
});

test("hops: when no name is known the answer waits; names that do not resolve are left out", async () => {
  const { resolver, selector } = setUp({ default: [hop("a.example"), hop("b.example")] });
  resolver.known.clear();
  resolver.answer = (name) => (name === "b.example" ? [target("192.0.2.8")] : undefined);
  const choices = await selector.choose({ ...plainPolicy, id: "t" as TrunkId });
  assert.deepEqual(choices, [{ name: "b.example", targets: [target("192.0.2.8")] }]);
});

test("hops: new addresses of a name are used by the next call", () => {
  const { resolver, selector } = setUp({ default: [hop("a.example")] });
  const address = () => {
    const choices = selector.choose({ ...plainPolicy, id: "t" as TrunkId });
    return choices instanceof Promise ? undefined : choices[0]?.targets[0]?.address;
  };
  const before = address();
  resolver.known.set("a.example", [target("192.0.2.77")]);
  assert.deepEqual([before, address()], ["a.example", "192.0.2.77"]);
});

test("hops: a reload keeps what is known of hops that stay", () => {
  const { selector, names, resolver } = setUp(AB);
  resolver.known.set("192.0.2.3", [target("192.0.2.3")]);
  for (let i = 0; i < 3; i++) selector.report("192.0.2.1", "silent");
  selector.reconfigure({ default: [hop("192.0.2.1"), hop("192.0.2.2"), hop("192.0.2.3")] });
  assert.equal(names()[2], "192.0.2.1");
});

test("health: OPTIONS go to every hop that another can replace, with the given time-out", () => {
  const { clock, pings } = setUp(AB, { pingMs: 10_000, pingTimeoutMs: 1_500 });
  clock.advance(11_000);
  assert.deepEqual(
    pings.sent.map(({ spec }) => [spec.method, spec.uri, spec.noResponseMs]),
    [
      ["OPTIONS", "sip:192.0.2.1", 1_500],
      ["OPTIONS", "sip:192.0.2.2", 1_500],
    ],
  );
});

test("health: the only hop of its groups is not pinged while it is up", () => {
  const { clock, pings } = setUp({ default: [hop("192.0.2.1")] }, { pingMs: 10_000 });
  clock.advance(60_000);
  assert.equal(pings.sent.length, 0);
});

test("health: a hop that answers calls needs no ping", () => {
  const { clock, pings, selector } = setUp(AB, { pingMs: 10_000 });
  for (let i = 0; i < 30; i++) {
    clock.advance(1_000);
    selector.report("192.0.2.1", "answered");
  }
  assert.ok(pings.sent.every(({ spec }) => spec.uri === "sip:192.0.2.2"));
});

test("health: down after three unanswered pings, up after two answered ones; 404 and 405 are answers", () => {
  const { clock, pings, names, health, log, metrics } = setUp(AB, { pingMs: 10_000, recheckMs: 5_000 });
  for (let i = 0; i < 3; i++) {
    clock.advance(11_000);
    const [first, second] = pings.sent;
    assert.ok(first !== undefined && second !== undefined);
    first.user.onFinal({ kind: "response", status: 408, reason: "", headers: new SipHeaders(), body: NO_BODY }, true);
    pings.sent.shift();
    pings.answer(405);
  }
  assert.deepEqual(health.down(), ["192.0.2.1"]);
  assert.equal(names()[0], "192.0.2.2");
  assert.equal(metrics.get("ringfence_hop_up{192.0.2.1}"), 0);
  clock.advance(6_000);
  pings.answer(404);
  assert.deepEqual(health.down(), ["192.0.2.1"]);
  clock.advance(6_000);
  pings.answer(200);
  assert.deepEqual(health.down(), []);
  assert.deepEqual(
    log.lines.map((line) => line.event),
    ["hop.down", "hop.up"],
  );
});

test("health: a 503 to OPTIONS is a failure, its Retry-After is kept", () => {
  const { clock, pings, health } = setUp(AB, { pingMs: 10_000 });
  clock.advance(11_000);
  pings.answer(503, { headers: [["Retry-After", "20 (overload)"]] });
  assert.deepEqual(health.down(), ["192.0.2.1", "192.0.2.2"]);
});

test("health: a name that does not resolve is a failed ping", async () => {
  const { clock, resolver, health } = setUp(AB, { pingMs: 10_000, downAfter: 1 });
  resolver.known.delete("192.0.2.1");
  clock.advance(11_000);
  await settle();
  assert.deepEqual(health.down(), ["192.0.2.1"]);
});

test("health: nothing is sent after close", () => {
  const { clock, pings, health } = setUp(AB, { pingMs: 1_000 });
  health.close();
  health.close();
  clock.advance(60_000);
  assert.equal(pings.sent.length, 0);
});

test("rotation: turns are spread by weight, everybody has one, and large weights stay short", () => {
  assert.deepEqual(weightedRotation([1]), [0]);
  assert.deepEqual(weightedRotation([2, 2]), [0, 1]);
  const threeToOne = weightedRotation([3, 1]);
  assert.equal(threeToOne.filter((index) => index === 1).length, 1);
  assert.equal(threeToOne.length, 4);
  const wide = weightedRotation([65_535, 1, 1]);
  assert.ok(wide.length <= 131 && wide.includes(1) && wide.includes(2));
});

test("hop names become Request-URIs", () => {
  assert.deepEqual(["192.0.2.1:5060", "sip:a.example;transport=tcp", "SIPS:b.example"].map(hopUri), [
    "sip:192.0.2.1:5060",
    "sip:a.example;transport=tcp",
    "SIPS:b.example",
  ]);
});
