import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import type { AsteriskMediaOptions } from "../../../gateway/adapters/asterisk-media/asterisk-media.js";
import type { AnnouncedStream } from "../../../gateway/ports/announced-media.js";
import { AsteriskMediaScene, linear, SERVER } from "../../support/asterisk-media-scene.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { until } from "../../support/processes.js";

// Media WebSockets over real sockets on loopback, in their real thread. Our peers do what chan_websocket.c does.

const UUID = "40325ec2-5efd-4bd3-805f-53576e581d13";
const CALL: AnnouncedStream = { callId: "pbx;1.2", speaker: "callee", caller: "+12025550101", called: "100" };
const BASIC = `Basic ${Buffer.from("media:secret").toString("base64")}`;
const START =
  "MEDIA_START connection_id:media1 channel:WebSocket/media1/0x1 channel_id:1.2 format:slin optimal_frame_size:320 ptime:20";
const START_JSON = '{"event":"MEDIA_START","connection_id":"m","format":"ulaw","optimal_frame_size":160,"ptime":20}';

async function scene(t: TestContext, options: Partial<AsteriskMediaOptions> = {}): Promise<AsteriskMediaScene> {
  const made = await AsteriskMediaScene.start(options);
  t.after(() => made.close());
  return made;
}

/** An Asterisk's end, whichever of us connected. */
class Peer {
  readonly texts: string[] = [];
  readonly binary: Buffer[] = [];
  closedWith: number | undefined;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.binary.push(data);
      else this.texts.push(data.toString("utf8"));
    });
    socket.on("error", () => undefined);
    socket.on("close", (code) => (this.closedWith = code));
  }

  static async connect(made: AsteriskMediaScene, query: string, authorization = BASIC): Promise<Peer> {
    const url = `${made.media.addresses.mediaWebSocket}?${query}`;
    const socket = new WebSocket(url, ["media"], { headers: { authorization } });
    const peer = new Peer(socket);
    await once(socket, "open");
    return peer;
  }

  /** Sound in µ-law, in frames: all but silence. */
  get sound(): number {
    return this.binary.filter((each) => each[0] !== 0xff).length;
  }

  async say(text: string): Promise<void> {
    const bytes = linear(encodeText(text));
    const startedAt = performance.now();
    for (let at = 0, sent = 1; at < bytes.byteLength; at += 320, sent++) {
      this.socket.send(bytes.subarray(at, at + 320));
      const wait = startedAt + 20 * sent - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** The status with which a handshake is refused. */
async function statusOf(url: string, protocols: string[], authorization: string): Promise<number> {
  const socket = new WebSocket(url, protocols, { headers: { authorization } });
  socket.on("error", () => undefined);
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
  socket.terminate();
  return response.statusCode;
}

test("sound is heard word by word, also what comes before MEDIA_START; its call is in the URI", async (t) => {
  const made = await scene(t);
  const peer = await Peer.connect(made, "call=pbx;7&speaker=callee&caller=+12025550101&called=100");
  const speaking = peer.say("who is calling me at this hour");
  setTimeout(() => peer.socket.send(START), 150);
  await speaking;
  await until("the words", () => made.ears[0]?.text === "who is calling me at this hour");
  assert.deepEqual([made.ears[0]?.callId, made.ears[0]?.speaker, peer.socket.protocol], ["pbx;7", "callee", "media"]);
  peer.socket.close();
  await until("the end", () => made.ears[0]?.isOpen === false);
});

test("a prompt is paced and marked, in JSON where Asterisk speaks JSON; XOFF holds it, a flush empties both ends", async (t) => {
  const made = await scene(t);
  const digits: string[] = [];
  let isOpen = false;
  const channel = made.media.announce(UUID, CALL, {
    onOpen: () => (isOpen = true),
    onDigit: (digit) => void digits.push(digit),
  });
  const peer = await Peer.connect(made, `uuid=${UUID}`);
  peer.socket.send(START_JSON);
  peer.socket.send('{"event":"DTMF_END","digit":"4"}');
  await until("the digit", () => isOpen && digits[0] === "4");
  const second = { sampleRateHz: 8_000, samples: new Float32Array(8_000).fill(0.3) };
  const played = channel.play(second);
  await until("the mark", () => peer.texts.length > 0);
  assert.equal(peer.sound, 50);
  assert.ok(peer.binary.every((each) => each.byteLength === 160));
  assert.deepEqual(peer.texts, ['{"command":"MARK_MEDIA","correlation_id":"ringfence-1"}']);
  peer.socket.send('{"event":"MEDIA_MARK_PROCESSED","correlation_id":"ringfence-1"}');
  assert.equal(await played, true);

  peer.socket.send('{"event":"MEDIA_XOFF"}');
  peer.socket.send('{"event":"DTMF_END","digit":"5"}');
  await until("the hold", () => digits.length === 2);
  const before = peer.sound;
  const again = channel.play(second);
  peer.socket.send('{"event":"DTMF_END","digit":"6"}');
  await until("a moment", () => digits.length === 3);
  assert.equal(peer.sound, before);
  peer.socket.send('{"event":"MEDIA_XON"}');
  await until("sound", () => peer.sound > before + 5);
  channel.flush();
  assert.equal(await again, false);
  await until("the flush", () => peer.texts.at(-1) === '{"command":"FLUSH_MEDIA"}');

  channel.hangUp();
  await until("the end", () => peer.closedWith !== undefined);
  assert.equal(peer.texts.at(-1), '{"command":"HANGUP"}');
});

test("silence goes out every 20 ms once the format is known", async (t) => {
  const made = await scene(t);
  const peer = await Peer.connect(made, "call=a");
  peer.socket.send(START_JSON);
  await until("silence", () => peer.binary.length >= 10);
  assert.ok(peer.binary.every((each) => each.byteLength === 160 && each.every((byte) => byte === 0xff)));
});

test("an Asterisk that knows no marks gets a prompt that ends by the clock", async (t) => {
  const made = await scene(t);
  let isOpen = false;
  const channel = made.media.announce(UUID, CALL, { onOpen: () => (isOpen = true) });
  const peer = await Peer.connect(made, `uuid=${UUID}`);
  peer.socket.send(START);
  await until("the channel", () => isOpen);
  await until("the format", async () => {
    try {
      return await channel.play({ sampleRateHz: 8_000, samples: new Float32Array(800) });
    } catch {
      return false;
    }
  });
  assert.equal(peer.texts.at(-1), "MARK_MEDIA ringfence-1");
});

test("wrong password, path, protocol or URI: refused by status; a wrong source: cut off at once", async (t) => {
  const made = await scene(t);
  const url = made.media.addresses.mediaWebSocket ?? "";
  const good = `${url}?uuid=${UUID}`;
  assert.equal(await statusOf(good, ["media"], "Basic bWVkaWE6d3Jvbmc="), 401);
  assert.equal(await statusOf(good, ["media"], ""), 401);
  assert.equal(await statusOf(good.replace("/media", "/other"), ["media"], BASIC), 404);
  assert.equal(await statusOf(good, ["ari"], BASIC), 400);
  assert.equal(await statusOf(`${url}?uuid=1`, ["media"], BASIC), 400);
  assert.equal((await fetch(good.replace("ws:", "http:"))).status, 426);
  const outside = await scene(t, {
    worker: {
      audioSocket: undefined,
      mediaWebSocket: { ...SERVER, allowFrom: [], path: "/media", username: undefined, password: undefined },
    },
  });
  await assert.rejects(
    statusOf(`${outside.media.addresses.mediaWebSocket}?uuid=${UUID}`, [], ""),
    /ECONNRESET|hang up/,
  );
});

test("who is unknown, says no format, an unknown one, or too much, is closed; noise in between is counted", async (t) => {
  const made = await scene(t);
  const unknown = await Peer.connect(made, `uuid=${UUID}`);
  await until("the end of the unknown", () => unknown.closedWith !== undefined);
  const silent = await Peer.connect(made, "call=a");
  const strange = await Peer.connect(made, "call=b");
  strange.socket.send("MEDIA_START format:speex optimal_frame_size:1");
  const large = await Peer.connect(made, "call=c");
  large.socket.send(Buffer.alloc(100_000));
  const noisy = await Peer.connect(made, "call=d");
  noisy.socket.send("HELLO");
  noisy.socket.send(START);
  noisy.socket.send("{}");
  for (const peer of [silent, strange, large]) await until("an end", () => peer.closedWith !== undefined);
  assert.equal(large.closedWith, 1009);
  assert.equal(noisy.closedWith, undefined);
  const event = (): number =>
    made.metrics.value("ringfence_asterisk_media_events_total", "media-websocket", "unknown-event");
  await until("the count", () => event() === 2);
});

/** An Asterisk that waits for us at /media/ID, with user and password. */
async function waitingAsterisk(
  t: TestContext,
): Promise<{ readonly http: Server; readonly url: string; readonly peers: Peer[] }> {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true });
  const peers: Peer[] = [];
  http.on("upgrade", (request, socket, head) => {
    if (request.headers.authorization !== BASIC || request.headers["sec-websocket-protocol"] !== "media") {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    server.handleUpgrade(request, socket, head, (opened) => {
      opened.send(START);
      peers.push(new Peer(opened));
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  t.after(() => {
    for (const { socket } of peers) socket.terminate();
    http.close();
  });
  return { http, url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/media/1234`, peers };
}

test("we connect to an Asterisk that waits for it, and hear and say the same; a refusal is told", async (t) => {
  const made = await scene(t);
  const { url, peers } = await waitingAsterisk(t);
  const to = { url, username: "media", password: "secret" };
  let closed = "";
  const channel = await made.media.dial(to, CALL, { onClosed: (reason) => void (closed = reason) });
  await until("the connection", () => peers.length === 1);
  await peers[0]?.say("this came over the other way");
  await until("the words", () => made.ears[0]?.text === "this came over the other way");
  const played = channel.play({ sampleRateHz: 8_000, samples: new Float32Array(800) });
  await until("the mark", () => peers[0]?.texts.length === 1);
  peers[0]?.socket.send("MEDIA_MARK_PROCESSED ringfence-1");
  assert.equal(await played, true);
  peers[0]?.socket.close();
  await until("the end", () => closed === "peer-closed");
  await assert.rejects(
    made.media.dial({ url }, CALL),
    (error: { code?: string; message: string }) => error.code === "websocket.rejected" && error.message.includes("404"),
  );
});
