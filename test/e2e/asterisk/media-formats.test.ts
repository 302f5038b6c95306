import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { asteriskMissing } from "../../support/asterisk.js";
import type { AsteriskMediaScene } from "../../support/asterisk-media-scene.js";
import {
  mediaStage,
  ON_AUDIO_SOCKETS,
  ON_WEB_SOCKETS,
  sayOnce,
  uuidOf,
  type AudioStage,
} from "../../support/asterisk-media-stage.js";
import { until } from "../../support/processes.js";

const skip = asteriskMissing() ?? false;
const SAID = "this is the fraud department of your bank";
/** Each fork hears the caller by then: its sound flows. */
const FLOWING_PACKETS = 15;

describe("what a real Asterisk sends over AudioSockets and media WebSockets, in every format", { skip }, () => {
  let media: AsteriskMediaScene;
  let stage: AudioStage;
  let close: () => Promise<void>;
  before(async () => {
    ({ media, stage, close } = await mediaStage());
  });
  after(() => close());

  test("one call, one sentence: the same words by all of them", async () => {
    const ways = [
      ...ON_AUDIO_SOCKETS.map((format, i) => ({
        name: `audiosocket ${format}`,
        id: `6${String(i + 1).padStart(2, "0")}`,
      })),
      ...ON_WEB_SOCKETS.map((format, i) => ({ name: `websocket ${format}`, id: `7${String(i + 1).padStart(2, "0")}` })),
    ];
    const closed: string[] = [];
    for (const { name, id } of ways)
      media.media.announce(
        uuidOf(id),
        { callId: name, speaker: "caller", caller: "1", called: "2" },
        { onClosed: (why) => void closed.push(`${name}: ${why}`) },
      );
    const ear = (name: string) => media.ears.find(({ callId }) => callId === name);
    const leg = await stage.call("850");
    const silent = (): string[] =>
      ways.flatMap(({ name }) => ((ear(name)?.packets ?? 0) >= FLOWING_PACKETS ? [] : [name]));
    await until("sound by all of them", () => silent().length === 0).catch((cause: unknown) => {
      throw new Error(`nothing by ${silent().join(", ")}; closed: ${closed.join(", ")}`, { cause });
    });
    // Said again where the machine could not keep time: then the last of it counts.
    const deaf = (): string[] => ways.flatMap(({ name }) => (ear(name)?.text.endsWith(SAID) === true ? [] : [name]));
    await sayOnce(stage.callersVoice, SAID, () => Promise.resolve(deaf().length === 0)).catch((cause: unknown) => {
      throw new Error(`not heard by ${deaf().join(", ")}`, { cause });
    });
    assert.deepEqual(closed, []);
    stage.caller.hangUp(leg);
    await until("the end of all", () => closed.length === ways.length);
  });
});
