import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingStreams } from "../../../../gateway/call/recording/recording-streams.js";
import { silentLog } from "../../../../gateway/core/log.js";
import type { ReceivingPort } from "../../../../gateway/ports/media-receiver.js";
import { ownLine } from "../../../../gateway/sip/siprec/recording-answer.js";
import { RandomDouble } from "../../../support/call-doubles.js";
import { FakeClock } from "../../../support/fake-clock.js";

const MICROTASKS = 24;

test("streams: closed at whatever moment, no port and no stream stays open", async () => {
  let closedWhileOpening = 0;
  for (let moment = 0; moment <= MICROTASKS; moment++) {
    const open = { ports: 0, streams: 0 };
    let give: (port: ReceivingPort) => void = () => undefined;
    const streams = new RecordingStreams(
      {
        callId: "c1",
        family: 4,
        idleMs: 0,
        learnSource: false,
        receiveTimeoutMs: 1_000,
        onIdle: () => undefined,
      },
      {
        heard: {
          open: () => ++open.streams,
          change: () => undefined,
          close: () => (open.streams -= 1),
        },
        media: { receive: () => new Promise((resolve) => (give = resolve)) },
        clock: new FakeClock(),
        random: new RandomDouble(),
        log: silentLog,
      },
    );
    const applied = streams.apply([ownLine("1")], ["caller"], false);
    open.ports++;
    give({ address: "127.0.0.1", port: 20_000, expect: () => undefined, close: () => (open.ports -= 1) });
    for (let i = 0; i < moment; i++) await Promise.resolve();
    if (streams.size === 0) closedWhileOpening++;
    streams.close();
    await applied;
    assert.deepEqual({ moment, ...open }, { moment, ports: 0, streams: 0 });
  }
  assert.ok(closedWhileOpening > 1 && closedWhileOpening <= MICROTASKS, "both sides of the moment were met");
});
