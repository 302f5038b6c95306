import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { postgresAbsent, startPostgres } from "../support/postgres.js";
import { until } from "../support/processes.js";
import {
  FakeSource,
  recordingsStage,
  serveFile,
  spokenWav,
  type Job,
  type RecordingsStage,
  type Said,
  type Serve,
} from "../support/recordings-stage.js";
import { smallDisk } from "../support/small-disk.js";

const TALK: readonly Said[] = [
  [0, "please send the invoice again"],
  [1, "i will send it today"],
];
const wav = Buffer.from(spokenWav(TALK));

describe("what is no recording is told, and nothing else waits for it", () => {
  const source = new FakeSource();
  let base: string;
  let stage: RecordingsStage;
  before(async () => {
    base = await source.open();
    stage = await recordingsStage({
      download: {
        hosts: ["127.0.0.1", "localhost"],
        plainHttp: true,
        privateNetworks: ["127.0.0.1/32"],
        maxBytes: 3_000_000,
        // Both are waited for in a few tests; a machine that stands still for some seconds must not be taken for a source that does.
        stallMs: 3_000,
      },
      maxSeconds: 60,
      giveUpMs: 8_000,
    });
  });
  after(async () => {
    await stage.close();
    await source.close();
  });

  const addUrl = async (callId: string, url: string): Promise<{ status: number; json: Job & { error: unknown } }> => {
    const answer = await stage.gateway.api("/api/v1/recordings", { body: { call_id: callId, recording_url: url } });
    return answer as { status: number; json: Job & { error: unknown } };
  };
  const made = (args: readonly string[], ending: string): Buffer => {
    const path = join(stage.folder, `made.${ending}`);
    execFileSync("ffmpeg", ["-y", "-v", "error", ...args, path]);
    return readFileSync(path);
  };
  const reply =
    (status: number, headers: Record<string, string>, body: string): Serve =>
    (_request, response) =>
      void response.writeHead(status, headers).end(body);

  const fetched: readonly { name: string; serve: () => Serve; error: string; detail: RegExp }[] = [
    {
      name: "a page instead of audio",
      serve: () => reply(200, { "content-type": "text/html" }, "<html>sign in</html>"),
      error: "recording.invalid",
      detail: /text\/html/,
    },
    {
      name: "a page that calls itself audio",
      serve: () => reply(200, { "content-type": "audio/wav" }, "<html>sign in</html>"),
      error: "recording.invalid",
      detail: /Invalid data/,
    },
    {
      name: "zero bytes",
      serve: () => reply(200, { "content-type": "audio/wav" }, ""),
      error: "recording.invalid",
      detail: /empty/,
    },
    {
      name: "a stream without an end",
      serve: () => (_request, response) => {
        response.writeHead(200, { "content-type": "audio/wav" });
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.on("drain", more);
        more();
      },
      error: "recording.invalid",
      detail: /larger than 3000000/,
    },
    {
      name: "an answer that stops in its middle, again and again",
      serve: () => (_request, response) => {
        response.writeHead(200, { "content-type": "audio/wav", "content-length": 1_000_000 });
        response.write(Buffer.alloc(1_000));
      },
      error: "recording.unavailable",
      detail: /lost|stalled/,
    },
    { name: "404 for too long", serve: () => reply(404, {}, ""), error: "recording.unavailable", detail: /404/ },
    {
      name: "redirects without an end",
      serve: () => reply(302, { location: "/again" }, ""),
      error: "recording.refused",
      detail: /more than 3 times/,
    },
    {
      name: "a redirect to an address that is not allowed",
      serve: () => reply(302, { location: "http://169.254.169.254/latest/meta-data" }, ""),
      error: "recording.refused",
      detail: /hosts/,
    },
    {
      name: "ten hours",
      serve: () =>
        serveFile(
          made(["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "36000", "-frame_size", "65535"], "flac"),
        ),
      error: "recording.invalid",
      detail: /longer than 60 s/,
    },
    {
      name: "a codec that is not known",
      serve: () => {
        const copy = Buffer.from(wav);
        // The format tag: 0x7777 is nobody's.
        copy.writeUInt16LE(0x7777, 20);
        return serveFile(copy);
      },
      error: "recording.invalid",
      detail: /codec|decoder/i,
    },
    {
      name: "a playlist that names a file of ours",
      serve: () =>
        reply(200, { "content-type": "audio/mpegurl" }, "#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
      error: "recording.invalid",
      detail: /./,
    },
    {
      name: "a film without sound",
      serve: () => serveFile(made(["-f", "lavfi", "-i", "color=size=64x64:duration=1"], "mp4"), "video/mp4"),
      error: "recording.invalid",
      detail: /no sound/,
    },
  ];
  for (const { name, serve, error, detail } of fetched) {
    test(name, async () => {
      source.serve = serve();
      const { json } = await addUrl(name, `${base}/x`);
      const job = await stage.until(json.id, "failed");
      assert.equal(job.error, error);
      assert.match(job.detail ?? "", detail);
    });
  }

  for (const [name, url] of [
    ["another host", "http://example.com/a.wav"],
    ["a file of ours", "file:///etc/passwd"],
    ["an S3 object where none is configured", "s3://bucket/key.wav"],
    ["no URL", "here"],
  ] as const) {
    test(`${name} is refused before a job is made`, async () => {
      const { status, json } = await addUrl(name, url);
      assert.equal(status, 403, JSON.stringify(json));
    });
  }

  test("a lost connection is taken up where it ended", async () => {
    const long = Buffer.concat([wav, Buffer.alloc(2_400_000 - wav.byteLength)]);
    let first = true;
    source.asked.length = 0;
    source.serve = (request, response) => {
      if (!first) {
        serveFile(long)(request, response);
        return;
      }
      first = false;
      response.writeHead(200, { "content-type": "audio/wav", etag: '"one"', "content-length": long.byteLength });
      response.write(long.subarray(0, 1_500_000), () => response.destroy());
    };
    const { json } = await addUrl("resumed", `${base}/resumed.wav`);
    await stage.until(json.id, "done");
    const [, second] = source.asked;
    assert.match(second?.headers.range ?? "", /^bytes=[1-9]\d{4,}-$/);
    assert.equal(second?.headers["if-range"], '"one"');
  });

  test("the CRM is down: results wait, other recordings are worked on, and all arrive when it is up", async () => {
    stage.crm.status = 503;
    const jobs: Job[] = [];
    for (let i = 0; i < 5; i++) jobs.push(await stage.upload(`down-${i}`, wav));
    for (const { id } of jobs) await stage.until(id, "deliver");
    await until("a try", async () => (await stage.job(jobs[0]?.id ?? "")).error === "crm.unavailable");
    stage.crm.status = 201;
    for (const { id } of jobs) await stage.until(id, "done");
    for (const { id } of jobs) assert.ok(stage.crm.kept.has(id));
  });

  test("the CRM refuses for good: it has failed, and can be tried again", async () => {
    stage.crm.status = 422;
    const { id } = await stage.upload("refused", wav);
    const job = await stage.until(id, "failed");
    assert.equal(job.error, "crm.rejected");
    stage.crm.status = 201;
    await stage.gateway.api(`/api/v1/recordings/${id}/retry`, { method: "POST" });
    await stage.until(id, "done");
    assert.ok(stage.crm.kept.has(id));
  });

  test("deletion by number takes recordings, whoever of the two it was", async () => {
    const { id } = await stage.upload("subject", wav, `&caller=${encodeURIComponent("+12025550123")}`);
    await stage.until(id, "done");
    const gone = await stage.gateway.api(`/api/v1/subjects/${encodeURIComponent("+12025550123")}`, {
      method: "DELETE",
    });
    assert.equal((gone.json as { recordings: number }).recordings, 1);
    assert.equal((await stage.gateway.api(`/api/v1/recordings/${id}`)).status, 404);
  });
});

describe("a full disk", () => {
  const disk = smallDisk(24_000);
  test("waits for room and goes on", { skip: typeof disk === "string" ? disk : false }, async () => {
    assert.ok(typeof disk !== "string");
    const source = new FakeSource();
    const base = await source.open();
    const { symlinkSync, mkdirSync, writeFileSync, rmSync } = await import("node:fs");
    const stage = await recordingsStage();
    try {
      rmSync(join(stage.folder, "data/recordings"), { recursive: true, force: true });
      mkdirSync(join(disk.path, "recordings"));
      symlinkSync(join(disk.path, "recordings"), join(stage.folder, "data/recordings"));
      const fill = join(disk.path, "fill");
      try {
        writeFileSync(fill, Buffer.alloc(24_000 * 1_024));
      } catch {
        // That it is full is what was wanted.
      }
      source.serve = serveFile(Buffer.concat([wav, Buffer.alloc(2_000_000)]));
      const { json } = await stage.gateway.api("/api/v1/recordings", {
        body: { call_id: "full", recording_url: `${base}/a.wav` },
      });
      const { id } = json as Job;
      await until("the trouble to be told", async () => (await stage.job(id)).error === "store.full", 60_000);
      rmSync(fill);
      await stage.until(id, "done");
    } finally {
      await stage.close();
      await source.close();
      disk.remove();
    }
  });
});

describe("PostgreSQL that crashes in mid-job", { skip: postgresAbsent() ?? false }, () => {
  test("what was being worked on goes on when it is back, and the CRM has each once", async () => {
    const postgres = await startPostgres();
    const stage = await recordingsStage({ pieceSeconds: 5 }, { store: { databaseUrl: postgres.url } });
    try {
      const long = spokenWav(Array.from({ length: 20 }, (_, i) => [i % 2, "please send the invoice again"] as const));
      // However far they come before that: none has been delivered.
      stage.crm.status = 503;
      const jobs = [await stage.upload("one", long), await stage.upload("two", long)];
      await until("the first piece", async () => (await stage.job(jobs[0]?.id ?? "")).progress > 0.1, 60_000);
      await postgres.crash();
      stage.crm.status = 201;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await postgres.start();
      for (const { id } of jobs) {
        await until("done", async () => (await stage.job(id).catch(() => undefined))?.stage === "done", 90_000);
        assert.equal(stage.crm.taken(id), 1);
      }
    } finally {
      await stage.close();
      await postgres.remove();
    }
  });
});
