import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import type { ClientOutcome } from "../../../gateway/adapters/siprec-client/siprec-client.js";
import { siprecSend, type SiprecSendOptions } from "../../../gateway/cli/siprec.js";
import { G711 } from "../../../gateway/media/g711/g711.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { temporaryFolder } from "../../support/processes.js";
import { openRecordingPlace, type RecordingPlace } from "../../support/recording-place.js";

const folder = temporaryFolder("siprec-send");
after(() => folder.remove());

/** Tones that a G.711 line carries: one pitch a side. */
const tone = (hz: number, ms: number, rate = 8_000): Float32Array =>
  Float32Array.from({ length: (ms * rate) / 1_000 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * hz * i) / rate));
const CALLER = tone(440, 300);
const CALLED = tone(660, 300);
/** Nothing keeps a test from ending a recording before so long. */
const LONG_MS = 60_000;

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder.path, name);
  writeFileSync(path, bytes);
  return path;
}
const wav = (name: string, channels: readonly Float32Array[], sampleRateHz = 8_000): string =>
  file(name, writeWav({ sampleRateHz, channels }));
const STEREO = wav("stereo.wav", [CALLER, CALLED]);

const OPTIONS: SiprecSendOptions = {
  to: "sip:127.0.0.1:5060",
  caller: "+12025550101",
  called: "+12025550199",
  codec: "PCMU",
  dialect: "rfc",
  json: true,
};

async function send(files: readonly string[], options: Partial<SiprecSendOptions> = {}, signal?: AbortSignal) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const status = await siprecSend(
    files,
    { ...OPTIONS, ...options },
    {
      print: (line) => printed.push(line),
      complain: (line) => complaints.push(line),
      signal: signal ?? new AbortController().signal,
    },
  );
  const json = printed[0]?.startsWith("{") === true ? printed[0] : "{}";
  return { status, printed, complaints, outcome: JSON.parse(json) as Partial<ClientOutcome> };
}

async function place(t: TestContext, options: Parameters<typeof openRecordingPlace>[0] = {}): Promise<RecordingPlace> {
  const opened = await openRecordingPlace(options);
  t.after(() => opened.close());
  return opened;
}

const coded = (samples: Float32Array, law: "PCMU" | "PCMA"): Buffer => {
  const bytes = Buffer.alloc(samples.length);
  new G711(law).encode(samples, bytes);
  return bytes;
};

describe("siprec send", () => {
  for (const { name, dialect, codec } of [
    { name: "RFC 7866", dialect: "rfc", codec: "PCMU" },
    { name: "Acme, A-law", dialect: "acme", codec: "PCMA" },
    { name: "a Cisco phone's two INVITEs", dialect: "cisco", codec: "PCMU" },
  ] as const)
    test(`every sample of both sides arrives as the right speaker: ${name}`, async (t) => {
      const at = await place(t);
      const { status, outcome } = await send([STEREO], { to: `sip:127.0.0.1:${at.port}`, dialect, codec });
      assert.deepEqual([status, outcome.end, outcome.accepted, outcome.offered], [0, "sent", 2, 2]);
      assert.equal(outcome.packets, 30);
      assert.deepEqual(at.heard("caller"), coded(CALLER, codec));
      assert.deepEqual(at.heard(dialect === "cisco" ? "agent" : "callee"), coded(CALLED, codec));
      const [call] = at.desk.calls;
      assert.match(call?.caller?.aor ?? "", /\+12025550101/);
      assert.match(call?.called?.aor ?? "", /\+12025550199/);
      assert.deepEqual([at.media.open, at.listening.openCalls.length, at.server.size], [0, 0, 0]);
    });

  test("it takes as long as the sound does", async (t) => {
    const at = await place(t);
    const { outcome } = await send([STEREO], { to: `sip:127.0.0.1:${at.port}` });
    // The last of 15 packets is due 280 ms after the first.
    assert.ok((outcome.tookMs ?? 0) >= 279, String(outcome.tookMs));
  });

  test("two mono files are the two sides; one alone is the caller", async (t) => {
    const at = await place(t);
    const files = [wav("a.wav", [CALLER]), wav("b.wav", [CALLED])];
    assert.equal((await send(files, { to: `sip:127.0.0.1:${at.port}` })).status, 0);
    assert.deepEqual(at.heard("callee"), coded(CALLED, "PCMU"));
    const { outcome } = await send(files.slice(0, 1), { to: `sip:127.0.0.1:${at.port};transport=tcp` });
    assert.deepEqual([outcome.end, outcome.offered, outcome.packets], ["sent", 1, 15]);
  });

  test("another rate is converted", async (t) => {
    const at = await place(t);
    const path = wav("wide.wav", [tone(440, 200, 16_000), tone(660, 200, 16_000)], 16_000);
    const { outcome } = await send([path], { to: `sip:127.0.0.1:${at.port}` });
    assert.equal(outcome.end, "sent");
    assert.ok(Math.abs(at.heard("caller").byteLength - 1_600) <= 160, String(at.heard("caller").byteLength));
  });

  test("the Call-ID of the recorded call stands in the metadata", async (t) => {
    const at = await place(t);
    await send([STEREO], { to: `sip:127.0.0.1:${at.port}`, callId: "leg-a@192.0.2.1" });
    assert.deepEqual(at.desk.calls[0]?.identifiers[0], { kind: "call-id", value: "leg-a@192.0.2.1" });
  });

  test("a file that ends before its header says so is sent as far as it goes, and that is said", async (t) => {
    const at = await place(t);
    const whole = writeWav({ sampleRateHz: 8_000, channels: [CALLER] });
    const path = file("lies.wav", whole.subarray(0, whole.byteLength - 1_600));
    const { status, outcome, complaints } = await send([path], { to: `sip:127.0.0.1:${at.port}` });
    assert.deepEqual([status, outcome.packets], [0, 10]);
    assert.match(complaints[0] ?? "", /ends before the length that its header announces/);
  });

  test("a gateway that refuses is quoted: status 1", async (t) => {
    const at = await place(t, { sources: ["192.0.2.0/24"] });
    const { status, printed } = await send([STEREO], { to: `sip:127.0.0.1:${at.port}`, json: false });
    assert.deepEqual([status, printed], [1, ["refused: 403 Forbidden"]]);
  });

  test("a gateway that is not there: status 1", async () => {
    const { status, printed } = await send([STEREO], { to: "sip:127.0.0.1:9;transport=tcp", json: false });
    assert.equal(status, 1);
    assert.match(printed[0] ?? "", /^the gateway does not answer \(503 /);
  });

  test("a recording that the gateway ends is cut short: status 1", async (t) => {
    const at = await place(t);
    const path = wav("long.wav", [tone(440, LONG_MS), tone(660, LONG_MS)]);
    const sending = send([path], { to: `sip:127.0.0.1:${at.port}` });
    while (at.heard("caller").byteLength === 0) await new Promise((resolve) => setImmediate(resolve));
    await at.server.endRecording(at.listening.openCalls[0] ?? "");
    const { status, outcome } = await sending;
    assert.deepEqual([status, outcome.end], [1, "ended"]);
    assert.ok((outcome.tookMs ?? Infinity) < LONG_MS);
  });

  test("a signal ends it with BYE", async (t) => {
    const at = await place(t);
    const stop = new AbortController();
    const sending = send([wav("long2.wav", [tone(440, LONG_MS)])], { to: `sip:127.0.0.1:${at.port}` }, stop.signal);
    while (at.heard("caller").byteLength === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    assert.equal((await sending).outcome.end, "ended");
    assert.equal(at.server.size, 0);
  });

  const faults: readonly {
    readonly name: string;
    readonly files: readonly string[];
    readonly options?: Partial<SiprecSendOptions>;
    readonly says: RegExp;
  }[] = [
    { name: "a file that is not there", files: [join(folder.path, "none.wav")], says: /there is no such file/ },
    { name: "a file that is no WAV", files: [file("text.wav", Buffer.from("hello"))], says: /is no WAV file/ },
    {
      name: "a header that is cut",
      files: [file("cut.wav", writeWav({ sampleRateHz: 8_000, channels: [CALLER] }).subarray(0, 30))],
      says: /middle of its header/,
    },
    {
      name: "no sound",
      files: [file("empty.wav", writeWav({ sampleRateHz: 8_000, channels: [CALLER] }).subarray(0, 44))],
      says: /no sound in it/,
    },
    { name: "a coding that is not known", files: [file("mp3.wav", withTag(0x55))], says: /format tag 85/ },
    { name: "three channels", files: [wav("three.wav", [CALLER, CALLED, CALLED])], says: /has 3 channels/ },
    { name: "two stereo files", files: [STEREO, STEREO], says: /of two files each has one/ },
    {
      name: "a codec that is not known",
      files: [STEREO],
      options: { codec: "OPUS" },
      says: /--codec is one of PCMU, PCMA/,
    },
    {
      name: "a dialect that is not known",
      files: [STEREO],
      options: { dialect: "avaya" },
      says: /--dialect is one of/,
    },
    { name: "a target that is no URI", files: [STEREO], options: { to: "127.0.0.1" }, says: /--to is a SIP URI/ },
  ];
  for (const { name, files, options, says } of faults)
    test(`says what is wrong and sends nothing: ${name}`, async () => {
      const { status, printed, complaints } = await send(files, options);
      assert.deepEqual([status, printed], [2, []]);
      assert.match(complaints[0] ?? "", says);
    });
});

function withTag(tag: number): Uint8Array {
  const bytes = writeWav({ sampleRateHz: 8_000, channels: [CALLER] });
  new DataView(bytes.buffer).setUint16(20, tag, true);
  return bytes;
}
