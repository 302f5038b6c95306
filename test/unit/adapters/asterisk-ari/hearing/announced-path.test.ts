import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  AnnouncedPath,
  mediaUrlOf,
  type AnnouncedVia,
} from "../../../../../gateway/adapters/asterisk-ari/hearing/announced-path.js";
import { Ear } from "../../../../../gateway/adapters/asterisk-ari/hearing/ear.js";
import { DEFAULT_OWN_OBJECTS, OwnObjects } from "../../../../../gateway/adapters/asterisk-ari/hearing/own-objects.js";
import { openVoice } from "../../../../../gateway/adapters/asterisk-ari/hearing/voice.js";
import { OwnMarks } from "../../../../../gateway/adapters/asterisk-ari/own-marks.js";
import { GatewayError } from "../../../../../gateway/core/errors.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import type {
  AnnouncedMedia,
  AnnouncedStream,
  MediaChannel,
  MediaChannelUser,
  MediaDial,
} from "../../../../../gateway/ports/announced-media.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { MemoryAriLink, settle } from "../../../../support/memory-ari-link.js";
import { SeededRandom } from "../../../../support/seeded-random.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;
const SOUND = { sampleRateHz: 8_000, samples: new Float32Array(800) };
const AUDIO_SOCKET: AnnouncedVia = { kind: "audiosocket", host: "192.0.2.10:9092" };
const WEB_SOCKET: AnnouncedVia = { kind: "websocket", url: "ws://pbx:8088/media", username: "u", password: "p" };

/** Connections that come when the test says so. */
class FakeAnnounced implements AnnouncedMedia {
  readonly addresses = {};
  readonly streams: AnnouncedStream[] = [];
  readonly dialled: MediaDial[] = [];
  readonly users: MediaChannelUser[] = [];
  open = 0;
  flushed = 0;
  /** Announced ones open at once. */
  connects = true;
  fails = false;
  gate: Promise<void> | undefined;
  played: ((complete: boolean) => void) | undefined;

  announce(id: string, stream: AnnouncedStream, user: MediaChannelUser = {}): MediaChannel {
    assert.match(id, UUID);
    const channel = this.#channel(id, stream, user);
    if (this.connects) user.onOpen?.();
    return channel;
  }

  async dial(to: MediaDial, stream: AnnouncedStream): Promise<MediaChannel> {
    await this.gate;
    if (this.fails) throw new GatewayError("websocket.unavailable", "as the test says");
    this.dialled.push(to);
    return this.#channel("dialled", stream, {});
  }

  #channel(id: string, stream: AnnouncedStream, user: MediaChannelUser): MediaChannel {
    this.streams.push(stream);
    this.users.push(user);
    this.open++;
    let closed = false;
    return {
      id,
      play: () => new Promise((resolve) => (this.played = resolve)),
      flush: () => {
        this.flushed++;
      },
      hangUp: () => undefined,
      close: () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
  }
}

function scene(via: AnnouncedVia) {
  const [link, clock, announced] = [new MemoryAriLink(), new FakeClock(), new FakeAnnounced()];
  const random = new SeededRandom(1);
  const objects = new OwnObjects(DEFAULT_OWN_OBJECTS, {
    link,
    marks: new OwnMarks("ringfence", random),
    clock,
    log: silentLog,
  });
  const path = new AnnouncedPath(via, { objects, announced, clock, random });
  link.variables.set("MEDIA_WEBSOCKET_CONNECTION_ID", "id/of it");
  const ear = (format: "ulaw" | "slin16" = "ulaw"): Ear =>
    new Ear({ callId: "pbx;1.0", speaker: "callee", channelId: "1.0", side: "out", format }, { objects, path });
  const asked = (): Readonly<Record<string, string>> =>
    (link.requests.find(({ path: to }) => to === "/channels/externalMedia")?.body ?? {}) as Record<string, string>;
  const left = (): number[] => [link.channels.size, link.bridges.size, announced.open];
  return { link, clock, announced, objects, path, ear, asked, left };
}

for (const via of [AUDIO_SOCKET, WEB_SOCKET])
  describe(`an Asterisk's sound over ${via.kind}`, () => {
    test("an ear: announced as that speaker of a call that is open; with it everything is gone", async () => {
      const { announced, ear, left } = scene(via);
      const opened = ear();
      await opened.open();
      assert.deepEqual(
        announced.streams.map(({ callId, speaker, heard }) => [callId, speaker, heard]),
        [["pbx;1.0", "callee", "if-open"]],
      );
      assert.deepEqual(left(), [2, 1, 1]);
      assert.equal(opened.channels.length, 2);
      await Promise.all([opened.close(), opened.close()]);
      assert.deepEqual(left(), [0, 0, 0]);
    });

    for (const [what, like] of [
      ["external media", /externalMedia/],
      ["snooping", /snoop/],
      ["a bridge", /^POST \/bridges$/],
    ] as const)
      test(`${what} is refused: nothing is left`, async () => {
        const { link, ear, left } = scene(via);
        link.fails = { like, code: "ari.rejected", status: 409 };
        await assert.rejects(ear().open(), { code: "ari.rejected" });
        assert.deepEqual(left(), [0, 0, 0]);
      });

    test("never in Stasis: given up, nothing is left", async () => {
      const { link, clock, ear, left } = scene(via);
      link.stasisIsDead = true;
      const opening = assert.rejects(ear().open(), { code: "ari.unavailable" });
      await settle();
      clock.advance(3_000);
      await opening;
      assert.deepEqual(left(), [0, 0, 0]);
    });

    test("a voice is not heard; it says its end, is stopped, and says when it cannot", async () => {
      const { announced, objects, path, left } = scene(via);
      const voice = await openVoice("1.1", { objects, path });
      assert.equal(announced.streams[0]?.heard, "never");
      const told: boolean[] = [];
      assert.ok(voice.speak(SOUND, (complete) => told.push(complete)));
      announced.played?.(true);
      await settle();
      voice.speak(SOUND, (complete) => told.push(complete));
      announced.played?.(false);
      await settle();
      const stop = voice.speak(SOUND, (complete) => told.push(complete));
      stop?.();
      announced.played?.(false);
      await settle();
      assert.deepEqual([told, announced.flushed], [[true, false], 1]);
      await voice.close();
      assert.deepEqual(left(), [0, 0, 0]);
      assert.equal(
        voice.speak(SOUND, () => undefined),
        undefined,
      );
    });
  });

test("AudioSocket: where Asterisk connects to, in linear sound; one that does not come is given up", async () => {
  const { announced, clock, ear, asked, left } = scene(AUDIO_SOCKET);
  announced.connects = false;
  const opening = assert.rejects(ear().open(), { code: "media.unavailable" });
  await settle();
  const { external_host: host, encapsulation, transport, format, data } = asked();
  assert.deepEqual([host, encapsulation, transport, format], ["192.0.2.10:9092", "audiosocket", "tcp", "slin"]);
  assert.match(String(data), UUID);
  clock.advance(3_000);
  await opening;
  assert.deepEqual(left(), [0, 0, 0]);
});

test("AudioSocket: a connection that is refused is no ear", async () => {
  const { announced, ear, left } = scene(AUDIO_SOCKET);
  announced.connects = false;
  const opening = assert.rejects(ear("slin16").open(), { code: "media.unavailable" });
  await settle();
  announced.users[0]?.onClosed?.("unknown-uuid");
  await opening;
  assert.deepEqual(left(), [0, 0, 0]);
});

test("media WebSocket: we connect where Asterisk waits, with ARI's user", async () => {
  const { announced, ear, asked } = scene(WEB_SOCKET);
  await ear("slin16").open();
  const { encapsulation, transport, connection_type: type, format } = asked();
  assert.deepEqual([encapsulation, transport, type, format], ["none", "websocket", "server", "slin16"]);
  const [{ url, username, password } = { url: "" }] = announced.dialled;
  assert.deepEqual([url, username, password], ["ws://pbx:8088/media/id%2Fof%20it", "u", "p"]);
});

test("media WebSocket: it cannot be reached, or the call is over meanwhile: nothing is left", async () => {
  const refused = scene(WEB_SOCKET);
  refused.announced.fails = true;
  await assert.rejects(refused.ear().open(), { code: "websocket.unavailable" });
  assert.deepEqual(refused.left(), [0, 0, 0]);

  const late = scene(WEB_SOCKET);
  let connect = (): void => undefined;
  late.announced.gate = new Promise((resolve) => (connect = resolve));
  const ear = late.ear();
  const opening = assert.rejects(ear.open(), { code: "media.unavailable" });
  await settle();
  await ear.close();
  connect();
  await opening;
  assert.deepEqual(late.left(), [0, 0, 0]);
});

test("where the media WebSocket is, by ARI's URL", () => {
  for (const [ari, media] of [
    ["http://127.0.0.1:8088/ari", "ws://127.0.0.1:8088/media"],
    ["https://pbx.example.net:8089/ari/", "wss://pbx.example.net:8089/media"],
    ["http://pbx/prefix/ari?x=1#y", "ws://pbx/prefix/media"],
  ] as const)
    assert.equal(mediaUrlOf(ari), media);
});
