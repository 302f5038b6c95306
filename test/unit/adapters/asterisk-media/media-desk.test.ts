import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, TrunkId } from "../../../../detection/index.js";
import { HeardCalls } from "../../../../gateway/adapters/asterisk-media/heard-calls.js";
import { MediaDesk, type MediaDeskOptions } from "../../../../gateway/adapters/asterisk-media/media-desk.js";
import { silentLog } from "../../../../gateway/core/log.js";
import type { AnnouncedStream } from "../../../../gateway/ports/announced-media.js";
import type { HeardStream } from "../../../../gateway/ports/heard-streams.js";
import { FakeClock } from "../../../support/fake-clock.js";

const UUIDS = ["40325ec2-5efd-4bd3-805f-53576e581d13", "40325ec2-5efd-4bd3-805f-53576e581d14"] as const;
const NOBODY: MediaDeskOptions["acceptUnknown"] = { "audio-socket": false, "media-websocket": false };
const CALL: AnnouncedStream = { callId: "pbx;1.2", speaker: "caller", caller: "+12025550101", called: "100" };

interface SceneOptions extends Partial<MediaDeskOptions> {
  /** Calls that somebody else has opened. */
  readonly heard?: ReadonlySet<string>;
  readonly room?: number;
  readonly deaf?: boolean;
}

/** A desk, and everything that it says, in order. */
function scene({ heard = new Set(), room = 9, deaf = false, ...options }: SceneOptions = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  let streams = 0;
  const desk = new MediaDesk(
    { acceptUnknown: NOBODY, codec: "slin", ...options },
    {
      clock,
      log: silentLog,
      heardStreams: deaf
        ? undefined
        : {
            open: ({ callId, speaker }: HeardStream) => {
              if (streams >= room) return undefined;
              log.push(`stream ${++streams} of ${callId} ${speaker}`);
              return streams;
            },
            change: () => undefined,
            close: (streamId) => void log.push(`stream ${streamId} over`),
          },
      calls: new HeardCalls({
        clock,
        isHeard: (callId) => heard.has(callId),
        listening: {
          open: ({ callId, parties }) => void log.push(`call ${callId} from ${parties.caller}`),
          close: (callId) => void log.push(`call ${callId} over`),
        },
      }),
      identify: (caller, called) => ({
        parties: { caller: caller as CallerId, called: called as CalledId, trunk: "default" as TrunkId },
        emergency: called === "112",
        calledSide: "callee",
      }),
      sink: {
        accept: (channel, streamId, codec) => void log.push(`accept ${channel} as ${streamId} ${codec}`),
        play: () => Promise.resolve(true),
        flush: (channel) => void log.push(`flush ${channel}`),
        hangUp: (channel) => void log.push(`hang up ${channel}`),
        close: (channel, reason) => void log.push(`close ${channel} ${reason}`),
      },
    },
  );
  const user = {
    onOpen: () => void log.push("open"),
    onDigit: (digit: string) => void log.push(`digit ${digit}`),
    onClosed: (reason: string) => void log.push(`closed ${reason}`),
  };
  const claim = (channel: number, uuid: string): void => desk.onClaim(channel, "audio-socket", { kind: "uuid", uuid });
  return { clock, desk, log, user, claim };
}

test("both sides of an announced call are streams of one call, which ends a moment after the last of them", () => {
  const { clock, desk, log, user, claim } = scene();
  desk.announce(UUIDS[0].toUpperCase(), CALL, user);
  desk.announce(UUIDS[1], { ...CALL, speaker: "callee", codec: "alaw" });
  claim(1, UUIDS[0]);
  claim(2, UUIDS[1]);
  desk.onDigit(1, "5");
  desk.onClosed(1, "peer-closed");
  desk.onClosed(1, "peer-closed");
  clock.advance(5_000);
  desk.onClosed(2, "peer-closed");
  clock.advance(1_900);
  log.push("…");
  clock.advance(200);
  assert.deepEqual(log, [
    "call pbx;1.2 from +12025550101",
    "stream 1 of pbx;1.2 caller",
    "accept 1 as 1 slin",
    "open",
    "stream 2 of pbx;1.2 callee",
    "accept 2 as 2 alaw",
    "digit 5",
    "stream 1 over",
    "closed peer-closed",
    "stream 2 over",
    "…",
    "call pbx;1.2 over",
  ]);
});

test("a call that somebody else opens: heard while it is open, never opened or ended here; a voice is not heard", () => {
  const { clock, desk, log, claim } = scene();
  desk.announce(UUIDS[0], { ...CALL, heard: "if-open" });
  claim(1, UUIDS[0]);
  desk.announce(UUIDS[1], { ...CALL, heard: "never" });
  claim(2, UUIDS[1]);
  desk.onClosed(1, "peer-closed");
  desk.onClosed(2, "peer-closed");
  clock.advance(5_000);
  assert.deepEqual(log, ["stream 1 of pbx;1.2 caller", "accept 1 as 1 slin", "accept 2 as 0 slin", "stream 1 over"]);
});

test("a side that comes back in time finds its call", () => {
  const { clock, desk, log, claim } = scene();
  desk.announce(UUIDS[0], CALL);
  claim(1, UUIDS[0]);
  desk.onClosed(1, "peer-closed");
  clock.advance(1_000);
  desk.announce(UUIDS[0], CALL);
  claim(2, UUIDS[0]);
  clock.advance(60_000);
  assert.equal(log.filter((line) => line.startsWith("call")).length, 1);
});

test("a call that somebody else hears already is not heard a second time, and not ended by us", () => {
  const { clock, desk, log, claim } = scene({ heard: new Set([CALL.callId]) });
  desk.announce(UUIDS[0], CALL);
  claim(1, UUIDS[0]);
  desk.onClosed(1, "peer-closed");
  clock.advance(60_000);
  assert.deepEqual(log, ["accept 1 as 0 slin"]);
});

test("an id is good for one connection, and not for ever", () => {
  const { clock, desk, log, user, claim } = scene();
  desk.announce(UUIDS[0], CALL, user);
  claim(1, UUIDS[0]);
  claim(2, UUIDS[0]);
  assert.equal(log.at(-1), "close 2 unknown-uuid");
  desk.announce(UUIDS[1], CALL, user);
  clock.advance(180_000);
  assert.equal(log.at(-1), "closed not-connected");
  claim(3, UUIDS[1]);
  assert.equal(log.at(-1), "close 3 unknown-uuid");
});

test("what nobody announced is a call of its own only where that is wanted", () => {
  const { desk, log, claim } = scene({ acceptUnknown: { ...NOBODY, "audio-socket": true } });
  claim(1, UUIDS[0]);
  desk.onClaim(2, "media-websocket", { kind: "uuid", uuid: UUIDS[1] });
  assert.deepEqual(log, [
    `call ${UUIDS[0]} from `,
    `stream 1 of ${UUIDS[0]} caller`,
    "accept 1 as 1 slin",
    "close 2 unknown-uuid",
  ]);
});

test("the URI of a media WebSocket says whose sound it is", () => {
  const { desk, log } = scene();
  const said = { callId: "pbx;7", speaker: "callee", caller: "1", called: "2", trunk: "t", language: "en" } as const;
  desk.onClaim(4, "media-websocket", { kind: "named", ...said });
  assert.deepEqual(log, ["call pbx;7 from 1", "stream 1 of pbx;7 callee", "accept 4 as 1 slin"]);
});

for (const { name, options, stream } of [
  { name: "an emergency call", options: {}, stream: { ...CALL, called: "112" } },
  { name: "where nobody listens", options: { deaf: true }, stream: CALL },
]) {
  test(`${name}: the connection is taken, and not heard`, () => {
    const { desk, log, claim } = scene(options);
    desk.announce(UUIDS[0], stream);
    claim(1, UUIDS[0]);
    desk.onClosed(1, "peer-closed");
    assert.deepEqual(log, ["accept 1 as 0 slin"]);
  });
}

test("no room to listen: the connection goes on unheard", () => {
  const { desk, log, claim } = scene({ room: 0 });
  desk.announce(UUIDS[0], CALL);
  claim(1, UUIDS[0]);
  assert.equal(log.at(-1), "accept 1 as 0 slin");
});

test("what cannot be announced is refused, and takes no place", () => {
  const { desk } = scene();
  const refused = (id: string): void =>
    assert.throws(
      () => desk.announce(id, CALL),
      (error: { code?: string }) => error.code === "media.rejected",
    );
  refused("40325ec2");
  desk.announce(UUIDS[0], CALL);
  refused(UUIDS[0]);
  assert.equal(desk.waiting, 1);
});

test("a channel is played into and hung up only while it is open; withdrawing it is told once", async () => {
  const { desk, log, user, claim } = scene();
  const channel = desk.announce(UUIDS[0], CALL, user);
  const beep = { sampleRateHz: 8_000, samples: new Float32Array(8) };
  await assert.rejects(channel.play(beep), (error: { code?: string }) => error.code === "media.rejected");
  claim(1, UUIDS[0]);
  assert.equal(await channel.play(beep), true);
  channel.flush();
  channel.hangUp();
  desk.onClosed(1, "hung-up");
  channel.flush();
  channel.close();
  assert.deepEqual(log.slice(3), ["open", "flush 1", "hang up 1", "stream 1 over", "closed hung-up"]);
  const other = desk.announce(UUIDS[1], CALL, user);
  other.close();
  other.close();
  assert.deepEqual([log.at(-1), desk.waiting], ["closed withdrawn", 0]);
});

test("a thread that dies takes its connections, not the announcements; closing takes all", () => {
  const { desk, log, user, claim } = scene();
  desk.announce(UUIDS[0], CALL, user);
  desk.announce(UUIDS[1], CALL, user);
  claim(1, UUIDS[0]);
  log.length = 0;
  desk.lost();
  assert.deepEqual(log, ["stream 1 over", "closed thread-lost"]);
  log.length = 0;
  desk.close();
  assert.deepEqual(log, ["closed gateway-closes", `call ${CALL.callId} over`]);
});
