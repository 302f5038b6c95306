import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBencode, encodeBencode, type Bencodable } from "../../../../gateway/adapters/rtpengine/bencode.js";
import { isDictionary } from "../../../../gateway/adapters/rtpengine/ng-reply.js";
import { packetsIn, statsOf } from "../../../../gateway/adapters/rtpengine/ng-stats.js";

const stream = (flag: string, packets: number, errors = 0, ssrc?: number): Bencodable => ({
  flags: [flag, "filled"],
  stats: { packets, bytes: packets * 172, errors },
  SSRC: ssrc,
});

function stats(content: Bencodable) {
  const read = decodeBencode(encodeBencode(content));
  assert.ok(read.ok && isDictionary(read.value));
  return statsOf(read.value, "a", (tag) => tag.startsWith("fork-"));
}

test("packets of each side: RTP alone, all its streams, without those from elsewhere; subscriptions are nobody's", () => {
  const { a, b, forkDropped } = stats({
    tags: {
      a: { medias: [{ streams: [stream("RTP", 104, 4), stream("RTCP", 9)] }, { streams: [stream("RTP", 10)] }] },
      b: { medias: [{ streams: [stream("RTP", 50)] }] },
      "fork-a": { medias: [{ streams: [stream("RTP", 1_000)] }] },
    },
  });
  assert.deepEqual(
    [a.packets, a.strangers, a.bytes, b.packets, b.strangers, forkDropped],
    [110, 4, 114 * 172, 50, 0, 0],
  );
  assert.deepEqual([a.lost, a.jitterMs, a.mos], [0, 0, undefined]);
});

test("what one side's media was like is what the other side reports of it", () => {
  const { a, b } = stats({
    tags: {
      a: { medias: [{ streams: [stream("RTP", 100, 0, 10)] }] },
      b: { medias: [{ streams: [stream("RTP", 100, 0, 11)] }] },
    },
    SSRC: {
      "11": { "cumulative loss": 7, "average MOS": { MOS: 36, jitter: 12, "packet loss": 5 } },
      "10": { "average MOS": { MOS: 43, jitter: 1 } },
      "99": { "cumulative loss": 1_000 },
    },
  });
  assert.deepEqual([a.lost, a.jitterMs, a.mos], [7, 12, 3.6]);
  assert.deepEqual([b.lost, b.jitterMs, b.mos], [0, 1, 4.3]);
});

for (const [name, content] of [
  ["empty", {}],
  ["tags of another shape", { tags: ["a", 7] }],
  ["members of another shape", { tags: { a: 7, b: { medias: "none" } } }],
  ["streams of another shape", { tags: { a: { medias: [7, { streams: [7, { flags: "RTP", stats: [] }] }] } } }],
  ["a quality out of range", { tags: {}, SSRC: { "11": { "average MOS": { MOS: 999 } } } }],
] as const) {
  test(`an answer that is ${name} gives no figures and no fault`, () => {
    const figures = stats(content);
    assert.deepEqual([packetsIn(figures), figures.a.mos, figures.b.mos], [0, undefined, undefined]);
  });
}
