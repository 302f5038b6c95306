import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { temporaryFolder, until } from "../support/processes.js";
import {
  FakeSource,
  recordingsStage,
  serveFile,
  signed,
  spokenWav,
  type Job,
  type RecordingsStage,
} from "../support/recordings-stage.js";

const wav = Buffer.from(spokenWav([[0, "please send the invoice again"]]));
const TOKEN = "token-of-the-recorder-0123";

describe("recordings come by webhook, folder and list", () => {
  const source = new FakeSource();
  const folder = temporaryFolder("watched");
  let stage: RecordingsStage;
  let base: string;
  let list: unknown[] = [];
  before(async () => {
    base = await source.open();
    source.serve = (request, response) => {
      if (request.url === "/list") {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(list));
        return;
      }
      serveFile(wav)(request, response);
    };
    stage = await recordingsStage({
      webhook: { secret: "webhook-secret-of-tests-0123456789", token: TOKEN },
      folder: { path: folder.path, everyMs: 200 },
      poll: { url: `${base}/list`, everyMs: 1_000 },
    });
  });
  after(async () => {
    await stage.close();
    await source.close();
    folder.remove();
  });

  const hook = async (body: string, headers: Record<string, string>): Promise<{ status: number; json: Job }> => {
    const answer = await fetch(new URL("/api/v1/recordings/webhook", stage.gateway.ready.http), {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    return { status: answer.status, json: (await answer.json()) as Job };
  };
  const bodyOf = (callId: string): string =>
    JSON.stringify({ call_id: callId, recording_url: `${base}/${callId}.wav` });
  const now = (): number => Math.floor(Date.now() / 1_000);

  test("a signed message becomes a job and its result", async () => {
    const body = bodyOf("hooked");
    const { status, json } = await hook(body, { "x-ringfence-signature": signed(body) });
    assert.equal(status, 202);
    await stage.until(json.id, "done");
    assert.equal(stage.crm.kept.get(json.id)?.body["call_id"], "hooked");
    const again = await hook(body, { "x-ringfence-signature": signed(body) });
    assert.deepEqual([again.status, again.json.id], [200, json.id]);
    assert.equal(stage.crm.posts.filter(({ key }) => key === json.id).length, 1);
  });

  test("a bearer token will do", async () => {
    const { status } = await hook(bodyOf("token"), { authorization: `Bearer ${TOKEN}` });
    assert.equal(status, 202);
  });

  const body = bodyOf("forged");
  for (const [name, headers] of [
    ["none", {}],
    ["another key", { "x-ringfence-signature": signed(body, now(), "another-secret-0123456789") }],
    ["another body", { "x-ringfence-signature": signed(bodyOf("other")) }],
    ["yesterday's", { "x-ringfence-signature": signed(body, now() - 86_400) }],
    ["tomorrow's", { "x-ringfence-signature": signed(body, now() + 86_400) }],
    ["no form", { "x-ringfence-signature": "v1=abc" }],
    ["a wrong token", { authorization: "Bearer nonsense" }],
  ] as const) {
    test(`signature: ${name} is refused`, async () => {
      const { status } = await hook(body, headers);
      assert.equal(status, 401);
    });
  }

  test("a genuine message with nonsense in it is told so", async () => {
    for (const [text, status] of [
      ["{", 400],
      ["[]", 400],
      ['{"call_id":""}', 400],
      ['{"call_id":"x","recording_url":"http://10.0.0.1/x"}', 403],
    ] as const) {
      assert.equal((await hook(text, { "x-ringfence-signature": signed(text) })).status, status, text);
    }
  });

  test("a file that was put into the folder, once; links, other files and hidden ones are passed over", async () => {
    mkdirSync(join(folder.path, "sub"));
    writeFileSync(join(folder.path, ".hidden.wav"), wav);
    writeFileSync(join(folder.path, "notes.txt"), "no sound");
    symlinkSync("/etc/passwd", join(folder.path, "link.wav"));
    writeFileSync(join(folder.path, "call-7.wav"), wav);
    await until("its result", () => stage.crm.posts.some(({ body: { call_id } }) => call_id === "call-7"), 60_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const jobs = (await stage.gateway.api("/api/v1/recordings")).json as { call_id: string; origin: string }[];
    assert.deepEqual(
      jobs.filter(({ origin }) => origin === "folder").map(({ call_id }) => call_id),
      ["call-7"],
    );
  });

  test("what the list names, each once; what is none is passed over", async () => {
    list = [
      { call_id: "listed", recording_url: `${base}/listed.wav` },
      { call_id: "elsewhere", recording_url: "https://example.com/a.wav" },
      7,
      {},
    ];
    await until("its result", () => stage.crm.posts.some(({ body: { call_id } }) => call_id === "listed"), 60_000);
    const jobs = (await stage.gateway.api("/api/v1/recordings")).json as { call_id: string; origin: string }[];
    assert.deepEqual(
      jobs.filter(({ origin }) => origin === "poll").map(({ call_id }) => call_id),
      ["listed"],
    );
  });
});
