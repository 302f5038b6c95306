import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test, type TestContext } from "node:test";
import type { RtpengineOptions } from "../../../gateway/adapters/rtpengine/rtpengine-options.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { MediaCall, MediaEvent, MediaSession } from "../../../gateway/ports/media-anchor.js";
import { audioSdp, placeOf } from "../../support/fake-media-anchor.js";
import { FakeRtpengine, peaceful } from "../../support/fake-rtpengine.js";
import { until } from "../../support/processes.js";
import { startRtpengineScene, type RtpengineScene } from "../../support/rtpengine-scene.js";

const OFFER = Buffer.from(audioSdp("127.0.0.1", 10_000));
const ANSWER = Buffer.from(audioSdp("127.0.0.1", 20_000));
const CALL: MediaCall = { callId: "c", trunk: "t", listen: false, calledSide: "callee", learnSource: false };

/** What is answered is waited for; what is not is given up soon, where a test wants that. */
const PATIENT_MS = 20_000;
const SOON = { timeoutMs: 1_000 };

async function scene(
  t: TestContext,
  fakes: readonly FakeRtpengine[],
  options: Partial<RtpengineOptions> = {},
): Promise<RtpengineScene> {
  const made = await startRtpengineScene(fakes, { timeoutMs: PATIENT_MS, ...options });
  t.after(async () => {
    await made.close();
    await Promise.all(fakes.map((fake) => fake.close().catch(() => undefined)));
  });
  return made;
}

function open(
  { anchor }: RtpengineScene,
  call: Partial<MediaCall> = {},
): { session: MediaSession; events: MediaEvent[] } {
  const events: MediaEvent[] = [];
  return { session: anchor.open({ ...CALL, ...call }, (event) => events.push(event)), events };
}

const offer = (session: MediaSession) => session.describe({ from: "a", step: "offer", sdp: OFFER });
const answer = (session: MediaSession) => session.describe({ from: "b", step: "answer", sdp: ANSWER, fork: "x" });

test("rtpengine's own words: what it is asked for", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake]);
  const { session } = open(made);
  const described = await offer(session);
  assert.equal(described.kind === "anchored" ? placeOf(described.sdp) : "", "127.0.0.1:7000");
  await answer(session);
  await session.close();
  const [, offered, answered, deleted] = fake.arguments.map((args) => Object.fromEntries(args));
  const flags = ["trust address", "original sendrecv", "port latching", "strict source", "asymmetric"];
  const { sdp, "call-id": id, ...rest } = offered!;
  assert.equal(sdp, OFFER.toString("latin1"));
  assert.ok(typeof id === "string");
  assert.match(id, /^c~[0-9a-f]{16}$/);
  const common = { ICE: "remove", supports: ["load limit"], flags };
  assert.deepEqual(rest, { command: "offer", "from-tag": "a", "rtcp-mux": ["demux"], ...common });
  assert.deepEqual(
    { ...answered, sdp: "" },
    { command: "answer", "call-id": id, "from-tag": "a", "to-tag": "b", sdp: "", ...common },
  );
  assert.deepEqual(deleted, { command: "delete", "call-id": id, "from-tag": "a", "delete delay": 0 });
});

test("a peer behind NAT is learned, not locked", async (t) => {
  const fake = await FakeRtpengine.start();
  const { session } = open(await scene(t, [fake]), { learnSource: true });
  await offer(session);
  assert.equal((fake.arguments.at(-1)?.get("flags") as readonly string[]).includes("asymmetric"), false);
});

test("a command that is lost is repeated with its cookie; a late or second answer is counted and harmless", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake], { timeoutMs: 2_000 });
  const { session } = open(made);
  let offers = 0;
  fake.script = (command, args, cookie) =>
    command === "offer" && ++offers < 3 ? undefined : peaceful(command, args, cookie);
  assert.equal((await offer(session)).kind, "anchored");
  const cookies = fake.cookies.filter((_, i) => fake.commands[i] === "offer");
  assert.deepEqual([cookies.length, new Set(cookies).size], [3, 1]);
  fake.script = (command, args, cookie) => {
    const said = peaceful(command, args, cookie);
    return command === "query" ? { result: "ok", tags: {} } : said;
  };
  await session.stats();
  const strays = (): number => made.metrics.value("ringfence_rtpengine_strays_total");
  const before = strays();
  fake.script = () => Buffer.from("x d6:result2:oke");
  await session.stats().catch(() => undefined);
  await until("the strays", () => strays() > before);
});

const rubbish: readonly (readonly [name: string, reply: (cookie: string) => Buffer])[] = [
  ["an empty datagram", () => Buffer.alloc(0)],
  ["no bencode", (cookie) => Buffer.from(`${cookie} hello`)],
  ["a truncated dictionary", (cookie) => Buffer.from(`${cookie} d6:result2:ok`)],
  ["a list", (cookie) => Buffer.from(`${cookie} l2:oke`)],
  ["no result", (cookie) => Buffer.from(`${cookie} d1:a1:be`)],
  ["ok without a description", (cookie) => Buffer.from(`${cookie} d6:result2:oke`)],
  ["a description that is none", (cookie) => Buffer.from(`${cookie} d6:result2:ok3:sdp5:helloe`)],
  ["another cookie", () => Buffer.from("other d6:result2:oke")],
  ["64 KiB of noise", () => Buffer.alloc(65_000, 0x6c)],
];
for (const [name, reply] of rubbish) {
  test(`rtpengine answers an offer with ${name}: untouched, in time`, async (t) => {
    const fake = await FakeRtpengine.start();
    const made = await scene(t, [fake], SOON);
    fake.script = (command, args, cookie) => (command === "offer" ? reply(cookie) : peaceful(command, args, cookie));
    const described = await offer(open(made).session);
    assert.equal(described.kind, "untouched");
  });
}

const refusals = [
  { reason: "Ran out of ports", why: "full" },
  { reason: "Failed to parse SDP", why: "malformed" },
  { reason: "", why: "malformed" },
] as const;
for (const { reason, why } of refusals) {
  test(`rtpengine refuses an offer with ${JSON.stringify(reason)}: ${why}, for its answer too`, async (t) => {
    const fake = await FakeRtpengine.start();
    const made = await scene(t, [fake]);
    const { session } = open(made);
    fake.script = (command, args, cookie) =>
      command === "offer" ? { result: "error", "error-reason": reason } : peaceful(command, args, cookie);
    assert.deepEqual(await offer(session), { kind: "untouched", why });
    assert.deepEqual(await answer(session), { kind: "untouched", why });
    assert.equal(made.anchor.health().ok, true);
  });
}

test("a full instance passes the call on to the next one", async (t) => {
  const full = await FakeRtpengine.start(1_000);
  const other = await FakeRtpengine.start();
  full.script = (command, args, cookie) =>
    command === "offer" ? { result: "load limit" } : peaceful(command, args, cookie);
  const made = await scene(t, [full, other]);
  for (let i = 0; i < 4; i++) assert.equal((await offer(open(made).session)).kind, "anchored");
  assert.equal(other.count("offer"), 4);
});

test("calls go to the instance with the fewest for its weight, and stay there", async (t) => {
  const small = await FakeRtpengine.start(1);
  const large = await FakeRtpengine.start(3);
  const made = await scene(t, [small, large]);
  const sessions = Array.from({ length: 40 }, () => open(made).session);
  for (const session of sessions) await offer(session);
  assert.deepEqual([small.count("offer"), large.count("offer")], [10, 30]);
  for (const session of sessions) await answer(session);
  assert.deepEqual([small.count("answer"), large.count("answer")], [10, 30]);
  assert.equal(made.metrics.value("ringfence_rtpengine_sessions", `127.0.0.1:${large.port}`), 30);
  for (const session of sessions) await session.close();
  assert.equal(made.metrics.value("ringfence_rtpengine_sessions", `127.0.0.1:${large.port}`), 0);
});

test("an instance that falls silent loses its new calls to another one, at once and without a ping; it comes back by itself", async (t) => {
  const first = await FakeRtpengine.start();
  const second = await FakeRtpengine.start();
  const made = await scene(t, [first, second], { pingMs: 200, timeoutMs: 3_000 });
  first.script = () => undefined;
  for (let i = 0; i < 6; i++) assert.equal((await offer(open(made).session)).kind, "anchored");
  assert.ok(first.count("offer") <= 3, "one time-out at most: one command and its repeats");
  await until("health to say so", () => made.anchor.health().detail === "1 of 2 instances up");
  assert.equal(made.metrics.value("ringfence_rtpengine_up", `127.0.0.1:${first.port}`), 0);
  first.script = peaceful;
  await until("it to be up again", () => made.anchor.health().detail === "2 of 2 instances up");
  assert.deepEqual(made.log.lines.map(({ event }) => event).slice(-2), ["rtpengine.down", "rtpengine.up"]);
});

test("a call whose instance is gone: its next offer goes to another one, its answer too", async (t) => {
  const first = await FakeRtpengine.start(1_000);
  const second = await FakeRtpengine.start();
  const made = await scene(t, [first, second], { timeoutMs: 2_000 });
  const { session } = open(made);
  await offer(session);
  await answer(session);
  const gone = first.count("offer") > 0 ? first : second;
  const left = gone === first ? second : first;
  gone.script = () => undefined;
  assert.equal((await offer(session)).kind, "anchored");
  assert.equal((await answer(session)).kind, "anchored");
  assert.deepEqual([left.count("offer"), left.count("answer")], [1, 1]);
});

test("no instance at all: not well, untouched at once, and starting does not fail", async (t) => {
  const made = await scene(t, []);
  assert.deepEqual(made.anchor.health(), { ok: false, detail: "0 of 0 instances up" });
  assert.deepEqual(await offer(open(made).session), { kind: "untouched", why: "unavailable" });
});

test("an instance that is dead from the start: nobody listens there, and the kernel says so", async (t) => {
  const fake = await FakeRtpengine.start();
  const { port } = fake;
  await fake.close();
  const made = await startRtpengineScene([{ host: "127.0.0.1", port, weight: 1 }], { timeoutMs: PATIENT_MS });
  t.after(() => made.close());
  assert.equal(made.anchor.health().ok, false);
  const before = performance.now();
  assert.deepEqual(await offer(open(made).session), { kind: "untouched", why: "unavailable" });
  assert.ok(performance.now() - before < PATIENT_MS, "refused, not timed out");
});

test("a name that does not resolve is an instance that is down", async (t) => {
  const made = await startRtpengineScene([{ host: "rtpengine.invalid", port: 1, weight: 1 }], { timeoutMs: 100 });
  t.after(() => made.close());
  assert.deepEqual(made.anchor.health(), { ok: false, detail: "0 of 1 instances up" });
});

test("an answer that is not had in time passes untouched; the call and its close go on", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake], SOON);
  const { session } = open(made);
  await offer(session);
  fake.script = (command, args, cookie) => (command === "answer" ? undefined : peaceful(command, args, cookie));
  assert.deepEqual(await answer(session), { kind: "untouched", why: "unavailable" });
  assert.equal(await session.close(), undefined);
});

test("closing with an instance that is silent takes one time-out and gives no figures", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake], SOON);
  const { session } = open(made);
  await offer(session);
  fake.script = () => undefined;
  const before = fake.commands.length;
  assert.equal(await session.close(), undefined);
  assert.ok(fake.commands.length - before <= 3, "one command and its repeats");
});

test("more commands than may be open fail at once and do not make the instance look dead", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake], { ...SOON, maxPending: 2 });
  fake.script = (command, args, cookie) => (command === "offer" ? undefined : peaceful(command, args, cookie));
  const told = await Promise.all(Array.from({ length: 5 }, () => offer(open(made).session)));
  assert.ok(told.every(({ kind }) => kind === "untouched"));
  assert.ok(fake.count("offer") <= 6);
});

test("only the instance itself is believed: a stranger's datagram to our port does not arrive", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake], SOON);
  const stranger = createSocket("udp4");
  t.after(() => stranger.close());
  let asked: ((port: number, cookie: string) => void) | undefined;
  const seen = new Promise<[number, string]>((resolve) => (asked = (port, cookie) => resolve([port, cookie])));
  fake.onAsked = (port, cookie) => asked?.(port, cookie);
  fake.script = () => undefined;
  const waiting = offer(open(made).session);
  const [port, cookie] = await seen;
  stranger.send(`${cookie} d6:result2:ok3:sdp${OFFER.byteLength}:${OFFER.toString("latin1")}e`, port, "127.0.0.1");
  assert.equal((await waiting).kind, "untouched");
});

test("it knows the call no more: lost, once", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake], { idleMs: 4_000 });
  const { session, events } = open(made);
  await offer(session);
  await answer(session);
  session.answered("x");
  fake.script = (command, args, cookie) =>
    command === "query" ? { result: "error", "error-reason": "Unknown call-id" } : peaceful(command, args, cookie);
  await session.stats();
  await session.stats();
  assert.deepEqual(events, [{ kind: "lost" }]);
});

test("an instance that is gone for good: its calls are idle in the end, ten idle times after they were heard of", async (t) => {
  const fake = await FakeRtpengine.start();
  const idleMs = 200;
  const made = await scene(t, [fake], { idleMs, timeoutMs: 300 });
  const [call, held] = [open(made), open(made)];
  for (const { session } of [call, held]) {
    await offer(session);
    await answer(session);
  }
  fake.script = () => undefined;
  await assert.rejects(call.session.stats());
  assert.equal(made.anchor.health().ok, false);
  held.session.hold(true);
  held.session.answered("x");
  const since = performance.now();
  call.session.answered("x");
  await until("the event", () => call.events.length > 0);
  const tookMs = performance.now() - since;
  assert.deepEqual([call.events, held.events], [[{ kind: "idle" }], []]);
  assert.ok(tookMs >= 10 * idleMs, `${tookMs} ms: nothing of it could be known before`);
});

test("a prompt that it does not play is refused with a reason; what was blocked for it is let go again", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake]);
  const { session } = open(made);
  await offer(session);
  await answer(session);
  fake.script = (command, args, cookie) =>
    command === "play media" ? { result: "error", "error-reason": "no" } : peaceful(command, args, cookie);
  const audio = { sampleRateHz: 8_000, samples: new Float32Array(800) };
  await assert.rejects(
    session.play("b", audio),
    (error) => error instanceof GatewayError && error.code === "media.rejected",
  );
  assert.deepEqual(fake.commands.slice(-3), ["block media", "play media", "unblock media"]);
});

test("a newer prompt replaces an older one; the other side stays blocked until the last has been played", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake]);
  const { session } = open(made);
  await offer(session);
  await answer(session);
  const promptOf = (ms: number) => session.play("b", { sampleRateHz: 8_000, samples: new Float32Array(8 * ms) });
  // While rtpengine is asked for the first: it is not over before the second begins, however slow the machine is.
  const second = new Promise<boolean>((resolve) => {
    fake.script = (command, args, cookie) => {
      if (command === "play media" && fake.count(command) === 1) resolve(promptOf(600));
      return peaceful(command, args, cookie);
    };
  });
  assert.equal(await promptOf(400), false);
  assert.equal(fake.count("unblock media"), 0);
  assert.equal(await second, true);
  assert.equal(fake.count("unblock media"), 1);
});

test("a fork that cannot be had is said once, and the call is carried all the same", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake]);
  const { session, events } = open(made, { listen: true });
  fake.script = (command, args, cookie) =>
    command === "subscribe request" ? { result: "error", "error-reason": "no" } : peaceful(command, args, cookie);
  await offer(session);
  assert.equal((await answer(session)).kind, "anchored");
  await offer(session);
  await answer(session);
  assert.deepEqual(events, [
    { kind: "not-heard", side: "a", why: "unavailable" },
    { kind: "not-heard", side: "b", why: "unavailable" },
  ]);
  assert.equal(made.ears.streams.size, 0);
});

test("an answer waits for a slow fork only so long", async (t) => {
  const fake = await FakeRtpengine.start();
  const made = await scene(t, [fake]);
  const { session } = open(made, { listen: true });
  fake.script = (command, args, cookie) =>
    command === "subscribe request" ? undefined : peaceful(command, args, cookie);
  await offer(session);
  const before = performance.now();
  assert.equal((await answer(session)).kind, "anchored");
  assert.ok(performance.now() - before < PATIENT_MS, "not as long as the fork is waited for");
});
