import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkerThread } from "../../../gateway/core/worker-link.js";
import { AsteriskMediaScene, AudioSocketPeer } from "../../support/asterisk-media-scene.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { until } from "../../support/processes.js";

const UUID = (n: number): string => `40325ec2-5efd-4bd3-805f-${n.toString(16).padStart(12, "0")}`;

test("a thread that dies costs its connections; the next one listens on the same port, and knows what was announced", async (t) => {
  const threads: WorkerThread[] = [];
  const made = await AsteriskMediaScene.start({}, (thread) => void threads.push(thread));
  t.after(() => made.close());
  const port = made.audioSocketPort;
  let closed = "";
  const stream = { callId: "pbx;1", speaker: "caller", caller: "1", called: "2" } as const;
  made.media.announce(UUID(1), stream, { onClosed: (reason) => void (closed = reason) });
  made.media.announce(UUID(2), stream);
  const peer = await AudioSocketPeer.connect(port, UUID(1));
  await until("the call", () => made.ears.length === 1);
  threads[0]?.terminate();
  await peer.ended();
  await until("its end", () => closed === "thread-lost");
  await until("the end of its stream", () => made.ears[0]?.isOpen === false);
  await until("the next thread", () => threads.length === 2 && made.media.health().ok);
  assert.equal(made.audioSocketPort, port);
  const again = await AudioSocketPeer.connect(port, UUID(2));
  await again.say(0x10, encodeText("here i am again"), 8_000);
  await until("the words", () => made.ears[1]?.text === "here i am again");
});

test("150 talkers at a time: every one is heard whole", async (t) => {
  const made = await AsteriskMediaScene.start();
  t.after(() => made.close());
  const talkers = Array.from({ length: 150 }, (_, i) => i + 1);
  for (const i of talkers) {
    made.media.announce(UUID(i), { callId: `pbx;${i}`, speaker: "caller", caller: "1", called: "2" });
  }
  const peers = await Promise.all(talkers.map((i) => AudioSocketPeer.connect(made.audioSocketPort, UUID(i))));
  await until("all of them", () => made.ears.length === talkers.length);
  await Promise.all(peers.map((peer) => peer.say(0x10, new Float32Array(16_000).fill(0.1), 8_000)));
  await until("their sound", () => made.ears.every(({ ms }) => ms >= 1_990));
  assert.equal(made.metrics.value("ringfence_asterisk_media_events_total", "audio-socket", "dropped-ms"), 0);
});
