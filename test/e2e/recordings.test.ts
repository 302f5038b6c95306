import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ringfenceEntry } from "../support/gateway-process.js";
import { until } from "../support/processes.js";
import { recordingsStage, spokenWav, type RecordingsStage, type Said } from "../support/recordings-stage.js";

const run = promisify(execFile);
const TALK: readonly Said[] = [
  [0, "hello i have a problem with my invoice you charged me twice"],
  [1, "i am sorry i will send you a refund today"],
  [0, "thank you that is great"],
];

describe("a recording becomes text, summary and a message to the CRM", () => {
  let stage: RecordingsStage;
  before(async () => {
    stage = await recordingsStage();
  });
  after(() => stage.close());

  const cli = (...args: string[]) =>
    run(process.execPath, [...ringfenceEntry(), "recordings", ...args, "--url", stage.gateway.ready.http], {
      env: { ...process.env, RINGFENCE_KEY: stage.gateway.adminKey },
    });

  test("ringfence recordings add FILE, and the CRM has what the source shows, and ours", async () => {
    const path = join(stage.folder, "abc123.wav");
    writeFileSync(path, spokenWav(TALK));
    const { stdout } = await cli("add", path, "--wait", "--json");
    const job = JSON.parse(stdout) as { id: string; stage: string };
    assert.equal(job.stage, "done");
    assert.equal(stage.crm.posts.length, 1);
    const [post] = stage.crm.posts;
    assert.ok(post !== undefined);
    assert.equal(post.key, job.id);
    const { call_id, transcript, topic, duration, summary, sentiment, action_items } = post.body;
    assert.equal(call_id, "abc123");
    assert.equal(
      transcript,
      TALK.map(([channel, text]) => `${channel === 0 ? "caller" : "callee"}: ${text}`).join("\n"),
    );
    assert.equal(topic, "Billing");
    assert.match(String(duration), /^\d+s$/);
    assert.match(String(summary), /charged me twice/);
    assert.deepEqual(
      (action_items as { speaker: string; text: string }[]).map(({ speaker, text }) => [speaker, text]),
      [["callee", "i am sorry i will send you a refund today"]],
    );
    assert.deepEqual(
      (sentiment as { speaker: string }[]).map(({ speaker }) => speaker),
      ["caller", "callee"],
    );
  });

  test("the same file again is the same job", async () => {
    const { stdout } = await cli("add", join(stage.folder, "abc123.wav"), "--json");
    assert.equal((JSON.parse(stdout) as { new: boolean }).new, false);
    const status = await cli("status", "--watch");
    assert.match(status.stdout, /done {7}100 % {2}abc123/);
  });

  test("nothing of it lies about: files are gone, text and order in the database are sealed", async () => {
    await until("its files to go", () => readdirSync(join(stage.folder, "data", "recordings")).length === 0);
    const { stdout } = await run("grep", ["-rlaE", "charged me twice|refund today", join(stage.folder, "data")]).catch(
      (error: unknown) => error as { stdout: string },
    );
    assert.equal(stdout, "");
  });

  test("its text can be read, and that is audited", async () => {
    const [job] = (await stage.gateway.api("/api/v1/recordings")).json as { id: string }[];
    const result = (await stage.gateway.api(`/api/v1/recordings/${job?.id ?? ""}/result`)).json as { lines: unknown[] };
    assert.equal(result.lines.length, TALK.length);
    await until("the audit entry", async () => {
      const entries = (await stage.gateway.api("/api/v1/audit?limit=100")).json as { action: string; target: string }[];
      return entries.some(({ action, target }) => action === "recording.read" && target === job?.id);
    });
  });

  for (const [ending, args] of [
    ["mp3", ["-codec:a", "libmp3lame", "-b:a", "64k"]],
    ["ogg", ["-codec:a", "libopus", "-b:a", "64k"]],
    ["m4a", ["-codec:a", "aac", "-b:a", "96k"]],
    ["flac", []],
  ] as const) {
    test(`${ending} is decoded by ffmpeg`, async () => {
      const wav = join(stage.folder, "in.wav");
      writeFileSync(wav, spokenWav(TALK));
      const out = join(stage.folder, `coded.${ending}`);
      await run("ffmpeg", ["-y", "-v", "error", "-i", wav, ...args, out]);
      const job = await stage.upload(`coded-${ending}`, readFileSync(out));
      await stage.until(job.id, "done");
      const post = stage.crm.kept.get(job.id);
      assert.match(String(post?.body["transcript"]), /callee: i am sorry i will send you a refund today/);
    });
  }

  test("two channels that say the same are one speaker's", async () => {
    const wav = join(stage.folder, "mono.wav");
    writeFileSync(wav, spokenWav(TALK, 1));
    const out = join(stage.folder, "twice.wav");
    await run("ffmpeg", ["-y", "-v", "error", "-i", wav, "-ac", "2", out]);
    const job = await stage.upload("twice", readFileSync(out));
    await stage.until(job.id, "done");
    const body = stage.crm.kept.get(job.id)?.body;
    assert.ok(body !== undefined);
    assert.equal(body["speakers_by"], "one");
    assert.equal(String(body["transcript"]).split("\n").length, TALK.length);
  });
});
