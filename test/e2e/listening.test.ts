import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Leg } from "../demo/phone.js";
import { HONEST_BANK_CALL, SCAM_CALL, type Script } from "../support/dialogues.js";
import { listeningStage, type ListeningStage } from "../support/listening-stage.js";
import { until } from "../support/processes.js";

interface AlertRow {
  readonly rule: string;
  readonly call_ids: readonly string[];
  readonly disposition: string;
  readonly threat?: { readonly state: string; readonly kind: string; readonly cues: readonly string[] };
}
interface CdrRow {
  readonly call_id: string;
  readonly cause: string;
  readonly ended_by: string;
  readonly media_anchor?: string;
}

/** What a call is ended within on a machine that stands still for a while; how quick it is else is measured: `npm run bench`. */
const ENDED_MS = 15_000;

/** Said once more where a busy machine tore a hole into the sound that no code bridges, as people do. */
const TIMES_SAID = 4;

/**
 * Speaks a dialogue until it is over or the call is. @returns How many turns were spoken whole.
 * @param hesitateMs How long whoever has the last word waits with it, where the call may end before.
 */
async function speak(stage: ListeningStage, leg: Leg, script: Script, hesitateMs = 0): Promise<number> {
  let spoken = 0;
  const isOver = (): boolean => leg.endedAt !== undefined;
  for (const [turn, [who, text]] of script.entries()) {
    if (turn === script.length - 1) await until("the end", isOver, hesitateMs).catch(() => undefined);
    if (isOver()) break;
    // After the end of the call there is nobody to ask. A code that is told is not in the text.
    const words = text.toLowerCase().split(" one two three")[0] ?? "";
    const isHeard = async (): Promise<boolean> =>
      isOver() ||
      ((await stage.heard(leg))?.lines.some(
        (line) =>
          line.final &&
          (line.text.toLowerCase() === text.toLowerCase() ||
            (words.length < text.length && line.text.toLowerCase().startsWith(words))),
      ) ??
        true);
    for (let times = 1; ; times++) {
      await (who === "caller" ? stage.callersVoice : stage.calledVoice).say(text);
      if (isOver()) return spoken;
      if (times === 1) spoken++;
      const waits = until(`the text of "${text.slice(0, 30)}…"`, isHeard, times < TIMES_SAID ? 10_000 : 30_000);
      if (times === TIMES_SAID) await waits;
      else if (
        await waits.then(
          () => false,
          () => true,
        )
      )
        continue;
      break;
    }
  }
  return spoken;
}

describe("a call is listened to by the production process: SIP, RTP, codec, jitter buffer, text, verdict", () => {
  let stage: ListeningStage;
  before(async () => {
    stage = await listeningStage({ privacy: { keepTranscripts: true } });
  });
  after(() => stage.close());

  test("an honest bank call is heard word by word on both sides, and left alone", async () => {
    const leg = await stage.call("+12025550102", "+12025550199");
    assert.equal(await speak(stage, leg, HONEST_BANK_CALL), HONEST_BANK_CALL.length);
    const heard = await stage.heard(leg);
    const texts = heard?.lines.filter(({ final }) => final).map(({ speaker, text }) => [speaker, text]);
    const expected = HONEST_BANK_CALL.map(([who, text]) => [
      who === "caller" ? "caller" : "callee",
      text.toLowerCase(),
    ]);
    // What was torn is heard in part, and then as a whole.
    const whole = new Set(expected.map(([, text]) => text));
    assert.deepEqual(
      texts?.map(([speaker, text]) => [speaker, text?.toLowerCase()]).filter(([, text]) => whole.has(text)),
      expected,
    );
    assert.ok(heard?.state === "clear" || heard?.state === "uncertain", heard?.state);
    assert.equal(leg.endedAt, undefined);
    assert.ok(stage.callersVoice.heard > 100 && stage.calledVoice.heard > 100, "their packets cross");
    stage.caller.hangUp(leg);
    await until("the end at the called side", () => stage.calledLeg(leg)?.endedAt !== undefined);
  });

  test("a scam call is tagged and warned about, and ended on both legs before the code is told", async () => {
    const leg = await stage.call("+12025550101", "+12025550198");
    const spoken = await speak(stage, leg, SCAM_CALL, ENDED_MS);
    await until("the end at the caller", () => leg.endedAt !== undefined);
    await until("the end at the called side", () => stage.calledLeg(leg)?.endedAt !== undefined);
    assert.ok(spoken < SCAM_CALL.length, "the code was told");
    assert.equal(leg.endedBy, "BYE");
    assert.match(leg.reason ?? "", /cause=21/);
    assert.equal(stage.calledLeg(leg)?.endedBy, "BYE");
    await until("the tag", () => stage.called.tags.some((tag) => tag.startsWith("scam;score=")));
    const afterSaid = (leg.endedAt ?? 0) - stage.callersVoice.saidAt;
    assert.ok(afterSaid < ENDED_MS, `ended ${afterSaid.toFixed(0)} ms after the last word`);
  });

  test("the alert names what was heard, and no word of it; the CDR says fraud", async () => {
    const findAlert = async (): Promise<AlertRow | undefined> =>
      ((await stage.gateway.api("/alerts")).json as AlertRow[]).find(({ threat }) => threat?.state === "scam");
    await until("the alert", async () => (await findAlert()) !== undefined);
    const alert = await findAlert();
    assert.equal(alert?.rule, "threat");
    assert.ok((alert.threat?.cues.length ?? 0) > 0);
    assert.ok(!JSON.stringify(alert).includes("glasses") && !JSON.stringify(alert).includes("daniels"));
    const findCdr = async (): Promise<CdrRow | undefined> =>
      ((await stage.gateway.api("/api/v1/cdrs?limit=10")).json as CdrRow[]).find(
        ({ call_id: id }) => id === alert.call_ids[0],
      );
    await until("its CDR", async () => (await findCdr()) !== undefined);
    const cdr = await findCdr();
    assert.deepEqual([cdr?.cause, cdr?.ended_by, cdr?.media_anchor], ["fraud", "gateway", "relay"]);
  });

  test("its transcript is kept sealed: readable with the key over the API, nowhere in the files", async () => {
    const list = async () =>
      (await stage.gateway.api("/api/v1/transcripts")).json as { call_id: string; state: string }[];
    await until("both transcripts", async () => (await list()).length === 2);
    const scam = (await list()).find(({ state }) => state === "scam");
    const read = await stage.gateway.api(`/api/v1/transcripts/${encodeURIComponent(scam?.call_id ?? "")}`);
    assert.match(JSON.stringify(read.json), /fraud department of your bank/i);
    assert.ok(existsSync(join(stage.gateway.folder, "data", "keys.json")));
    let bytesRead = 0;
    for (const name of readdirSync(stage.gateway.folder, { recursive: true, encoding: "utf8" })) {
      const path = join(stage.gateway.folder, name);
      if (!/\.(?:wal|log|jsonl?|csv)$|\/\d+$/.test(path) || !existsSync(path)) continue;
      try {
        const bytes = readFileSync(path);
        bytesRead += bytes.byteLength;
        assert.ok(!bytes.includes("fraud department"), path);
      } catch (error) {
        // A folder, or what the database has put away meanwhile.
        if (!["EISDIR", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      }
    }
    assert.ok(bytesRead > 1_000_000, `only ${bytesRead} bytes were looked through: the database is larger`);
  });

  test("no word and no number of a call is in the log", () => {
    const output = stage.gateway.running.output();
    assert.doesNotMatch(output, /fraud department|mortgage|glasses|\+?12025550\d{3}/i);
  });

  test("metrics tell how much is heard, judged and done", async () => {
    for (const name of [
      "ringfence_threat_verdicts_total",
      "ringfence_threat_steps_total",
      "ringfence_transcripts_kept_total",
    ]) {
      await until(name, async () => (await stage.gateway.metric(name)) > 0);
    }
  });
});

describe("what listening must not do", () => {
  test("in shadow mode a scam call is alerted about, and goes on", async (t) => {
    const stage = await listeningStage({ threat: { mode: "shadow" } });
    t.after(() => stage.close());
    const leg = await stage.call("+12025550101", "+12025550198");
    assert.equal(await speak(stage, leg, SCAM_CALL), SCAM_CALL.length);
    assert.equal(leg.endedAt, undefined);
    await until("the alert", async () =>
      ((await stage.gateway.api("/alerts")).json as AlertRow[]).some(
        ({ rule, disposition }) => rule === "threat" && disposition === "shadow",
      ),
    );
    assert.equal(leg.endedAt, undefined);
    assert.deepEqual(stage.called.tags, []);
  });

  test("an emergency call is neither anchored nor heard", async (t) => {
    const stage = await listeningStage();
    t.after(() => stage.close());
    const leg = await stage.call("+12025550101", "112");
    assert.equal(await stage.heard(leg), undefined);
    assert.equal(await stage.gateway.metric("ringfence_heard_calls"), 0);
    stage.caller.hangUp(leg);
  });
});
