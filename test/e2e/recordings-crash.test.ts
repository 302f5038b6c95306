import assert from "node:assert/strict";
import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { FakeChatServer } from "../support/fake-chat-server.js";
import { temporaryFolder, until } from "../support/processes.js";
import {
  FakeSource,
  recordingsStage,
  serveFile,
  spokenWav,
  type RecordingsStage,
  type Said,
} from "../support/recordings-stage.js";

const WORDS = ["please send the invoice again", "of course i will send it today", "thank you very much"];
/** About 40 s: eight pieces of five seconds. */
const TALK: readonly Said[] = Array.from({ length: 24 }, (_, i) => [i % 2, WORDS[i % 3] ?? ""]);

/** Long enough that it is killed on the way, however busy the machine. */
const LONG_TALK: readonly Said[] = Array.from({ length: 5 }, () => TALK).flat();
/** A frame of the file on disk has a MiB; what is not whole is lost with the process. */
const FRAME_BYTES = 1_048_576;

/** The same sound in a file of some frames: a chunk behind it that readers pass over. */
function padded(wav: Buffer, bytes: number): Buffer {
  const junk = Buffer.alloc(8 + bytes);
  junk.write("JUNK", "latin1");
  junk.writeUInt32LE(bytes, 4);
  const whole = Buffer.concat([wav, junk]);
  whole.writeUInt32LE(whole.byteLength - 8, 4);
  return whole;
}

describe("kill -9 at every stage: the job goes on where it was, and the CRM has it", () => {
  const own = temporaryFolder("recordings-crash");
  const held = join(own.path, "held");
  const source = new FakeSource();
  let chat: FakeChatServer;
  let stage: RecordingsStage;
  let base: string;
  const wav = Buffer.from(spokenWav(TALK));

  before(async () => {
    base = await source.open();
    chat = await FakeChatServer.start();
    // Waits while there is a file, then is ffmpeg.
    const script = join(own.path, "ffmpeg");
    writeFileSync(script, `#!/bin/sh\nwhile [ -e '${held}' ]; do sleep 0.05; done\nexec ffmpeg "$@"\n`);
    chmodSync(script, 0o700);
    stage = await recordingsStage(
      { ffmpeg: { path: script }, pieceSeconds: 5, summary: "judge" },
      { threat: { judge: { engine: "openai", url: chat.url, timeoutMs: 100_000 } } },
    );
  });
  after(async () => {
    rmSync(held, { force: true });
    await stage.close();
    await source.close();
    await chat.close();
    own.remove();
  });

  const add = async (callId: string): Promise<string> => {
    const { status, json } = await stage.gateway.api("/api/v1/recordings", {
      body: { call_id: callId, recording_url: `${base}/${callId}.wav` },
    });
    assert.equal(status, 202, JSON.stringify(json));
    return (json as { id: string }).id;
  };
  const isDelivered = async (id: string, talk: readonly Said[] = TALK): Promise<void> => {
    await stage.until(id, "done");
    const lines = String(stage.crm.kept.get(id)?.body["transcript"]).split("\n");
    assert.deepEqual(
      lines,
      talk.map(([channel, text]) => `${channel === 0 ? "caller" : "callee"}: ${text}`),
    );
  };

  test("in the middle of a download: only the rest is fetched", async () => {
    const file = padded(wav, 3 * FRAME_BYTES);
    const half = Math.floor(file.byteLength / 2);
    source.serve = (_request, response) => {
      response.writeHead(200, { "content-type": "audio/wav", etag: '"one"', "content-length": file.byteLength });
      response.write(file.subarray(0, half));
    };
    const id = await add("download");
    const partly = join(stage.folder, "data/recordings", id, "source.sealed");
    await until("a frame to be on disk", () => existsSync(partly) && statSync(partly).size > FRAME_BYTES);
    const before = source.asked.length;
    source.serve = serveFile(file);
    await stage.killAndStart();
    await isDelivered(id);
    const [again, ...more] = source.asked.slice(before);
    assert.deepEqual(more, []);
    const from = Number(/^bytes=(\d+)-$/.exec(again?.headers.range ?? "")?.[1]);
    assert.ok(from >= FRAME_BYTES && from <= half, `asked for ${again?.headers.range}`);
    assert.equal(again?.headers["if-range"], '"one"');
  });

  test("while ffmpeg decodes", async () => {
    source.serve = serveFile(wav);
    writeFileSync(held, "");
    const id = await add("decode");
    await stage.until(id, "decode");
    await stage.killAndStart();
    rmSync(held);
    await isDelivered(id);
  });

  test("between two pieces: those that were done are not done again", async () => {
    // However far it comes before it is killed: it has not been delivered.
    stage.crm.status = 503;
    const long = Buffer.from(spokenWav(LONG_TALK));
    source.serve = serveFile(long);
    const id = await add("transcribe");
    let job = await stage.job(id);
    await until("some pieces", async () => (job = await stage.job(id)).progress > 0.2, 60_000);
    await stage.gateway.running.stop("SIGKILL");
    assert.equal(job.stage, "transcribe", "it was killed on the way");
    stage.crm.status = 201;
    await stage.killAndStart();
    await isDelivered(id, LONG_TALK);
    const heard = await stage.gateway.metric("ringfence_recording_jobs_heard_seconds_total");
    const whole = long.byteLength / (8_000 * 2 * 2);
    assert.ok(heard < whole * (1 - job.progress) + 30, `${heard} s of ${whole} were heard again after ${job.progress}`);
    assert.equal(stage.crm.taken(id), 1);
  });

  test("while the summary is being written", async () => {
    source.serve = serveFile(wav);
    let isAsked = false;
    const answer = chat.answer;
    chat.answer = () => {
      isAsked = true;
    };
    const id = await add("summarize");
    await until("the question", () => isAsked, 60_000);
    chat.answer = answer;
    await stage.killAndStart();
    await isDelivered(id);
    assert.equal(stage.crm.kept.get(id)?.body["summary_by"], "model");
  });

  test("after the CRM took it and before we know: a CRM that honours the key has one, one that does not sees two", async () => {
    source.serve = serveFile(wav);
    let release: () => void = () => undefined;
    stage.crm.onPost = () => new Promise<void>((resolve) => (release = resolve));
    const id = await add("deliver");
    await until("the first post", () => stage.crm.kept.has(id), 60_000);
    stage.crm.onPost = () => undefined;
    await stage.killAndStart();
    release();
    await isDelivered(id);
    const posts = stage.crm.posts.filter(({ key }) => key === id);
    assert.equal(posts.length, 2);
    assert.deepEqual(posts[0]?.body, posts[1]?.body);
  });
});
