import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { AudioAnalyzer } from "../../../gateway/ports/audio-analysis.js";
import type { RecordingsService } from "../../../gateway/workers/recordings-service.js";
import { apiHarness, KEYS, type ApiHarness, type KeyRole } from "../../support/api-harness.js";
import { MemoryRecordingJobs } from "../../support/memory-recording-jobs.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { hears, secondOfSound, startRecordings } from "../../support/recordings-scene.js";

const SECRET = "webhook-secret-of-tests";
const URL_OF = (name: string): string => `https://rec.example.com/${name}.mp3`;
const JOBS = "/api/v1/recordings";

interface Answer {
  readonly id: string;
  readonly stage: string;
  readonly progress: number;
  readonly new: boolean;
  readonly error: { readonly code: string; readonly path?: string };
}

/** The production service behind the production routes; jobs in memory, a recogniser that waits until it is let go. */
describe("the HTTP API of recordings", () => {
  const root = temporaryFolder("recordings-api");
  const store = new MemoryRecordingJobs();
  let letGo: (() => void) | undefined;
  let isHeld = false;
  const analyzer: AudioAnalyzer = {
    analyze: async (order) => {
      if (isHeld) await new Promise<void>((resolve) => (letGo = resolve));
      return hears("please send the invoice").analyze(order);
    },
  };
  let desk: RecordingsService;
  let api: ApiHarness;
  before(async () => {
    desk = startRecordings({
      ...{ folder: root.path, store, analyzer },
      config: {
        ...{ webhook: { secret: SECRET, windowMs: 300_000 }, concurrency: 1, pieceSeconds: 5, queueLimit: 50 },
        download: { hosts: ["rec.example.com"], maxBytes: 1_000_000 },
      },
    });
    api = await apiHarness({}, { recordings: desk });
  });
  after(async () => {
    await api.app.close();
    await desk.close();
    root.remove();
  });
  afterEach(async () => {
    isHeld = false;
    letGo?.();
    store.held.clear();
    await desk.remove([...store.jobs.keys()]);
    store.removed.clear();
  });

  const ask = async (method: string, path: string, body?: unknown, as: KeyRole = "admin", headers = {}) => {
    const asked = { as, headers, ...(body === undefined ? {} : { body }) };
    const answer = await api.ask(method, path, asked);
    return { status: answer.statusCode, json: answer.json<Answer>() };
  };
  const upload = (callId: string, bytes: Uint8Array, query = "", as: KeyRole = "admin") =>
    ask("POST", `${JOBS}/upload?call_id=${callId}${query}`, Buffer.from(bytes), as, {
      "content-type": "application/octet-stream",
    });
  const reaches = (id: string, stage: string) => until(stage, () => store.jobs.get(id)?.stage === stage, 60_000);

  const GOOD = { call_id: "a", recording_url: URL_OF("a") };
  const BAD: readonly (readonly [name: string, body: unknown, status: number, path?: string])[] = [
    ["no call id", { recording_url: URL_OF("a") }, 400, "call_id"],
    ["an empty call id", { ...GOOD, call_id: "" }, 400, "call_id"],
    ["a call id of 257 characters", { ...GOOD, call_id: "x".repeat(257) }, 400, "call_id"],
    ["a URL of 5,000", { ...GOOD, recording_url: URL_OF("x".repeat(5_000)) }, 400, "recording_url"],
    ["a URL that is a number", { ...GOOD, recording_url: 7 }, 400, "recording_url"],
    ["priority 10", { ...GOOD, priority: 10 }, 400, "priority"],
    ["priority 1.5", { ...GOOD, priority: 1.5 }, 400, "priority"],
    ["a language that is none", { ...GOOD, language: "english" }, 400, "language"],
    ["three speakers", { ...GOOD, speakers: ["caller", "callee", "agent"] }, 400, "speakers"],
    ["a speaker that is none", { ...GOOD, speakers: ["robot"] }, 400, "speakers.0"],
    ["a list", [GOOD], 400],
    ["another host", { ...GOOD, recording_url: "https://example.net/a.mp3" }, 403],
    ["plain http", { ...GOOD, recording_url: "http://rec.example.com/a.mp3" }, 403],
    ["a file of ours", { ...GOOD, recording_url: "file:///etc/passwd" }, 403],
    ["the cloud's own address", { ...GOOD, recording_url: "https://169.254.169.254/latest" }, 403],
    ["an upload that was none", { ...GOOD, recording_url: "upload:abc" }, 403],
  ];
  for (const [name, body, status, path] of BAD) {
    test(`an order with ${name} is ${status}, and no job`, async () => {
      const { status: got, json } = await ask("POST", JOBS, body);
      assert.deepEqual([got, json.error.path], [status, path], JSON.stringify(json));
      assert.equal(store.jobs.size, 0);
    });
  }

  test("who may what: a viewer reads states, and neither adds, retries, deletes nor reads text", async () => {
    const { json } = await ask("POST", JOBS, GOOD, "analyst");
    for (const [method, path, status] of [
      ["POST", JOBS, 403],
      ["POST", `${JOBS}/upload?call_id=a`, 403],
      ["GET", `${JOBS}/${json.id}`, 200],
      ["GET", `${JOBS}/queue`, 200],
      ["GET", `${JOBS}/${json.id}/result`, 403],
      ["POST", `${JOBS}/${json.id}/retry`, 403],
      ["DELETE", `${JOBS}/${json.id}`, 403],
    ] as const) {
      const body = method === "POST" && path === JOBS ? GOOD : undefined;
      assert.equal((await ask(method, path, body, "viewer")).status, status, `${method} ${path}`);
    }
    assert.equal((await api.ask("GET", JOBS)).statusCode, 401);
  });

  test("ids that are none, jobs that are not there, results that are not there yet, retries of what has not failed", async () => {
    const { json } = await ask("POST", JOBS, GOOD);
    const nobody = "0".repeat(32);
    for (const [method, path, status] of [
      ["GET", `${JOBS}/..%2f..%2fetc`, 400],
      ["GET", `${JOBS}/xyz`, 400],
      ["GET", `${JOBS}/${nobody}`, 404],
      ["GET", `${JOBS}/${nobody}/result`, 404],
      ["GET", `${JOBS}/${json.id}/result`, 404],
      ["POST", `${JOBS}/${json.id}/retry`, 409],
      ["POST", `${JOBS}/${nobody}/retry`, 404],
      ["DELETE", `${JOBS}/${nobody}`, 404],
      ["DELETE", `${JOBS}/${json.id}`, 200],
      ["DELETE", `${JOBS}/${json.id}`, 404],
      ["GET", `${JOBS}?stage=nonsense`, 400],
      ["GET", `${JOBS}?limit=0`, 400],
    ] as const) {
      assert.equal((await ask(method, path)).status, status, `${method} ${path}`);
    }
  });

  test("what a legal hold keeps is not deleted by its id either: 409, audited as refused, and its files and result stay", async () => {
    const { json } = await upload("held", secondOfSound(9));
    await reaches(json.id, "done");
    store.held.add(json.id);
    const { status, json: refusal } = await ask("DELETE", `${JOBS}/${json.id}`);
    assert.deepEqual([status, refusal.error.code], [409, "subject.held"]);
    const entry = api.audit.find(({ action, target }) => action === "recording.delete" && target === json.id);
    assert.deepEqual([entry?.outcome, entry?.detail], ["refused", { code: "subject.held" }]);
    assert.equal((await ask("GET", `${JOBS}/${json.id}/result`)).status, 200);
    store.held.clear();
    assert.equal((await ask("DELETE", `${JOBS}/${json.id}`)).status, 200);
  });

  test("an upload: worked on, told, read; the same bytes again, and twice at a time, are the same job", async () => {
    const [first, second] = await Promise.all([upload("a", secondOfSound(1)), upload("a", secondOfSound(1))]);
    assert.deepEqual([first.status, second.status].sort(), [200, 202]);
    assert.equal(first.json.id, second.json.id);
    await reaches(first.json.id, "done");
    const again = await upload("a", secondOfSound(1));
    assert.deepEqual([again.status, again.json.new], [200, false]);
    const other = await upload("b", secondOfSound(1));
    assert.notEqual(other.json.id, first.json.id, "another call is another recording");
    const { status, json } = await ask("GET", `${JOBS}/${first.json.id}/result`, undefined, "analyst");
    assert.equal(status, 200);
    assert.equal((json as unknown as { transcript: string }).transcript, "caller: please send the invoice");
    assert.ok(api.audit.some(({ action, target }) => action === "recording.read" && target === first.json.id));
  });

  for (const [name, bytes, query, status, code] of [
    ["without a byte", new Uint8Array(0), "", 400, "recording.invalid"],
    ["larger than maxBytes", new Uint8Array(1_000_001), "", 400, "recording.invalid"],
    ["with a query that we do not know", secondOfSound(1), "&color=red", 400, "request.invalid"],
    ["with a priority that is none", secondOfSound(1), "&priority=high", 400, "request.invalid"],
    ["with a speaker that is none", secondOfSound(1), "&speakers=caller,robot", 400, "request.invalid"],
  ] as const) {
    test(`an upload ${name} is ${status} ${code}; nothing of it stays`, async () => {
      const { status: got, json } = await upload("a", bytes, query);
      assert.deepEqual([got, json.error.code], [status, code], JSON.stringify(json));
      assert.equal(store.jobs.size, 0);
      const folder = join(root.path, "recordings");
      assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], []);
    });
  }

  test("what is no recording fails with a reason and can be tried again, in vain", async () => {
    const { json } = await upload("page", Buffer.from("<html>sign in</html>"));
    await reaches(json.id, "failed");
    const failed = await ask("GET", `${JOBS}/${json.id}`);
    assert.deepEqual([failed.json.error, failed.json.progress], ["recording.invalid", 0], "nothing of it is done");
    assert.equal((await ask("POST", `${JOBS}/${json.id}/retry`)).status, 200);
    await reaches(json.id, "failed");
  });

  test("the highest priority is worked on first; how far each is can be seen", async () => {
    isHeld = true;
    const first = (await upload("first", secondOfSound(9))).json.id;
    await reaches(first, "transcribe");
    for (const [name, priority, which] of [
      ["low", 1, 1],
      ["high", 9, 2],
      ["middle", 5, 3],
    ] as const) {
      await upload(name, secondOfSound(which), `&priority=${priority}`);
    }
    const { json } = await ask("GET", `${JOBS}/${first}`);
    assert.deepEqual([json.stage, json.progress], ["transcribe", 0.1]);
    // Counted once a second at most.
    const queue = async () => (await ask("GET", `${JOBS}/queue`)).json as unknown as Record<string, number>;
    await until("the queue to be counted", async () => ((await queue())["download"] ?? 0) >= 1);
    const order: string[] = [];
    for (let i = 1; i <= 4; i++) {
      await until("one more to be heard", () => letGo !== undefined, 60_000);
      // One at a time is worked on.
      const heard = [...store.jobs.values()].filter(({ stage }) => stage === "transcribe");
      order.push(heard.map(({ callId }) => callId).join());
      const go = letGo;
      letGo = undefined;
      go?.();
    }
    assert.deepEqual(order, ["first", "high", "middle", "low"]);
    for (const { id } of store.jobs.values()) await reaches(id, "done");
    assert.equal((await ask("GET", `${JOBS}/${first}`)).json.progress, 1);
  });

  test("a job that is being worked on is stopped and deleted, with all its files", async () => {
    isHeld = true;
    const { id } = (await upload("a", secondOfSound(1))).json;
    await reaches(id, "transcribe");
    assert.deepEqual(readdirSync(join(root.path, "recordings")), [id]);
    assert.equal((await ask("DELETE", `${JOBS}/${id}`)).status, 200);
    assert.deepEqual(readdirSync(join(root.path, "recordings")), []);
    assert.equal((await ask("GET", `${JOBS}/${id}`)).status, 404);
  });

  const signature = (body: string, at: number, secret = SECRET): string =>
    `t=${at},v1=${createHmac("sha256", secret).update(`${at}.${body}`).digest("hex")}`;
  const hook = async (body: string, header?: string) => {
    const answer = await api.app.inject({
      ...{ method: "POST", url: `${JOBS}/webhook`, payload: body },
      headers: {
        "content-type": "application/json",
        ...(header === undefined ? {} : { "x-ringfence-signature": header }),
      },
    });
    return { status: answer.statusCode, json: answer.json<Answer>() };
  };
  const BODY = JSON.stringify(GOOD);
  const now = (): number => Math.floor(Date.now() / 1_000);

  test("a webhook: taken once; replayed within its window it is the same job, and after it nothing", async () => {
    const genuine = signature(BODY, now() - 200);
    const first = await hook(BODY, genuine);
    const replayed = await hook(BODY, genuine);
    assert.deepEqual([first.status, replayed.status, replayed.json.id], [202, 200, first.json.id]);
    assert.equal(store.jobs.size, 1);
    const expired = await hook(BODY, signature(BODY, now() - 302));
    assert.deepEqual([expired.status, expired.json.error.code], [401, "auth.refused"]);
    // What was deleted is not taken again from a system that sends it again.
    assert.equal((await ask("DELETE", `${JOBS}/${first.json.id}`)).status, 200);
    const deleted = await hook(BODY, genuine);
    assert.deepEqual([deleted.status, deleted.json.error.code, store.jobs.size], [410, "recording.deleted", 0]);
  });

  for (const [name, header] of [
    ["without a signature", () => undefined],
    ["with one of another key", () => signature(BODY, now(), "another-secret-of-tests")],
    ["with one of another body", () => signature(`${BODY} `, now())],
    ["with its time changed", () => signature(BODY, now() - 900).replace(/t=\d+/, `t=${now()}`)],
    ["from the future", () => signature(BODY, now() + 400)],
    ["with half a signature", () => signature(BODY, now()).slice(0, -2)],
  ] as const) {
    test(`a webhook ${name} is refused and audited`, async () => {
      const before = api.audit.length;
      assert.equal((await hook(BODY, header())).status, 401);
      assert.equal(store.jobs.size, 0);
      api.clock.advance(60_000);
      assert.ok(api.audit.slice(before).some(({ action }) => action === "auth.refused"));
    });
  }

  test("a webhook that is genuine and too large, no JSON, or no order", async () => {
    for (const [body, status] of [
      ["x".repeat(70_000), 413],
      ["{", 400],
      ["null", 400],
      [JSON.stringify({ ...GOOD, priority: 99 }), 400],
      [JSON.stringify({ ...GOOD, recording_url: "https://10.0.0.1/a" }), 403],
    ] as const) {
      assert.equal((await hook(body, signature(body, now()))).status, status, body.slice(0, 40));
    }
  });

  test("a database that is gone is 503", async () => {
    store.failing = new GatewayError("store.unavailable", "gone");
    const gone = await ask("GET", JOBS);
    store.failing = undefined;
    assert.deepEqual([gone.status, gone.json.error.code], [503, "store.unavailable"]);
  });
});

test("a full queue, and a full place for files, are 503 and said as such", async () => {
  const root = temporaryFolder("recordings-full");
  const store = new MemoryRecordingJobs();
  const config = { queueLimit: 1, spoolLimitBytes: 1_000_000, download: { hosts: ["rec.example.com"] } };
  mkdirSync(join(root.path, "recordings", "e".repeat(32)), { recursive: true });
  writeFileSync(join(root.path, "recordings", "e".repeat(32), "source.sealed"), Buffer.alloc(1_000_001));
  const desk = startRecordings({ folder: root.path, store, config });
  const api = await apiHarness({}, { recordings: desk });
  const add = (callId: string, as: KeyRole = "admin") =>
    api.ask("POST", JOBS, { as, body: { call_id: callId, recording_url: URL_OF(callId) } });
  try {
    const first = (await add("first")).json<Answer>();
    const waiting = store.jobs.get(first.id);
    assert.ok(waiting !== undefined);
    await desk.remove([first.id]);
    await store.add({ ...waiting, id: "f".repeat(32), home: "elsewhere" });
    const upload = await api.app.inject({
      ...{ method: "POST", url: `${JOBS}/upload?call_id=a`, payload: Buffer.from(secondOfSound(1)) },
      headers: { authorization: `Bearer ${KEYS.admin}`, "content-type": "audio/wav" },
    });
    assert.deepEqual([upload.statusCode, upload.json<Answer>().error.code], [503, "recording.full"]);
    const restarted = startRecordings({ folder: root.path, store, config });
    await assert.rejects(restarted.add({ callId: "b", source: URL_OF("b"), origin: "api", priority: 5 }), {
      code: "recording.full",
    });
    await restarted.close();
  } finally {
    await api.app.close();
    await desk.close();
    root.remove();
  }
});
