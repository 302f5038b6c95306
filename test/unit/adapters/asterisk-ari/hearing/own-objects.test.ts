import assert from "node:assert/strict";
import { test } from "node:test";
import type { AriEvent } from "../../../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import { DEFAULT_OWN_OBJECTS, OwnObjects } from "../../../../../gateway/adapters/asterisk-ari/hearing/own-objects.js";
import { OwnMarks } from "../../../../../gateway/adapters/asterisk-ari/own-marks.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { ariChannel, MemoryAriLink, settle } from "../../../../support/memory-ari-link.js";
import { SeededRandom } from "../../../../support/seeded-random.js";

function scene() {
  const [link, clock] = [new MemoryAriLink(), new FakeClock()];
  const marks = new OwnMarks("ringfence", new SeededRandom(1));
  const objects = new OwnObjects(DEFAULT_OWN_OBJECTS, { link, marks, clock, log: silentLog });
  return { link, clock, objects };
}

type Scene = ReturnType<typeof scene>;

interface Made {
  readonly what: string;
  readonly like: RegExp;
  readonly make: (objects: OwnObjects) => Promise<unknown>;
  /** Asterisk makes it, after all. */
  readonly late: (link: MemoryAriLink) => AriEvent;
}

const idOf = (link: MemoryAriLink): string =>
  decodeURIComponent(/^DELETE .*\/(.+)$/.exec(link.asked.find((line) => line.startsWith("DELETE")) ?? "")?.[1] ?? "");
const lateChannel = (link: MemoryAriLink): AriEvent => {
  link.channels.add(idOf(link));
  return { type: "StasisStart", channel: ariChannel(idOf(link)), args: ["own"] };
};

const MADE: readonly Made[] = [
  {
    what: "a snoop channel",
    like: /^POST .*snoop/,
    make: (objects) => objects.snoop({ channelId: "1.0", spy: "in", whisper: "none" }),
    late: lateChannel,
  },
  {
    what: "external media",
    like: /^POST .*externalMedia/,
    make: (objects) => objects.externalMedia({ external_host: "127.0.0.1:1" }),
    late: lateChannel,
  },
  {
    what: "a bridge",
    like: /^POST \/bridges$/,
    make: (objects) => objects.bridge(["1.0"]),
    late: (link) => {
      link.bridges.add(idOf(link));
      return { type: "BridgeCreated", bridge: { id: idOf(link), name: "", creator: "", channels: [] } };
    },
  },
];

/** Ordered, without an answer in time; what is deleted at once is not there yet. */
async function timedOut({ link, objects }: Scene, { like, make }: Made): Promise<void> {
  link.fails = { like, code: "ari.unavailable" };
  await assert.rejects(make(objects), { code: "ari.unavailable" });
  link.fails = undefined;
  await settle();
  assert.notEqual(idOf(link), "", "what may be there is deleted");
}

for (const made of MADE) {
  test(`${made.what}, made after its order timed out, is deleted when its event comes`, async () => {
    const each = scene();
    const { link } = each;
    await timedOut(each, made);
    link.tell(made.late(link));
    await settle();
    assert.deepEqual([link.channels.size, link.bridges.size, each.objects.left], [0, 0, 0]);
  });

  test(`${made.what}, made after its order timed out, is deleted a while later where its event was lost`, async () => {
    const each = scene();
    const { link, clock } = each;
    await timedOut(each, made);
    made.late(link);
    clock.advance(DEFAULT_OWN_OBJECTS.doubtMs);
    await settle();
    assert.deepEqual([link.channels.size, link.bridges.size, each.objects.left], [0, 0, 0]);
  });

  test(`${made.what} that Asterisk refuses to make is not waited for`, async () => {
    const { link, clock, objects } = scene();
    link.fails = { like: made.like, code: "ari.rejected", status: 422 };
    await assert.rejects(made.make(objects), { code: "ari.rejected" });
    await settle();
    const before = link.count(/^DELETE/);
    clock.advance(10 * DEFAULT_OWN_OBJECTS.doubtMs);
    await settle();
    assert.equal(link.count(/^DELETE/), before);
  });
}

test("what is made in time is not deleted, and nothing is asked after the end", async () => {
  const { link, clock, objects } = scene();
  await objects.snoop({ channelId: "1.0", spy: "in", whisper: "none" });
  await objects.bridge(["1.0"]);
  link.fails = { like: /^POST \/bridges$/, code: "ari.unavailable" };
  await assert.rejects(objects.bridge(["1.0"]));
  await settle();
  const asked = link.asked.length;
  objects.close();
  clock.advance(10 * DEFAULT_OWN_OBJECTS.doubtMs);
  await settle();
  assert.deepEqual([link.channels.size, link.bridges.size, link.asked.length], [1, 1, asked]);
});
