import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import type { Leg } from "../../demo/phone.js";
import { asteriskMissing } from "../../support/asterisk.js";
import { asteriskStage, Earwitness, type AsteriskStage } from "../../support/asterisk-stage.js";
import { HONEST_BANK_CALL, SCAM_CALL, type Script } from "../../support/dialogues.js";
import { temporaryFolder, until } from "../../support/processes.js";

const skip = asteriskMissing() ?? false;
/** Of the warning, below the modem's tones. */
const WARNING_HZ = 150;
const CALLER = "+12025550101";
/** What is heard of each other while the call is held has to be measured meanwhile. */
const HOLD_MS = 30_000;

/** Said once more where a busy machine tore a hole into the sound that no code bridges, as people do. */
const TIMES_SAID = 3;

interface Spoken {
  /** Turns that were spoken whole, and heard. */
  readonly turns: number;
  readonly repeats: number;
}

/** Speaks a dialogue until it is over or the call is, or `isEnough`. */
async function speak(
  stage: AsteriskStage,
  leg: Leg,
  callId: string,
  script: Script,
  isEnough = (): boolean => false,
): Promise<Spoken> {
  let [turns, repeats] = [0, 0];
  const isOver = (): boolean => leg.endedAt !== undefined || isEnough();
  const isHeard = async (text: string): Promise<boolean> =>
    isOver() ||
    ((await stage.heard(callId))?.lines.some((line) => line.final && line.text.toLowerCase() === text.toLowerCase()) ??
      true);
  for (const [who, text] of script) {
    for (let times = 1; ; times++) {
      if (isOver()) return { turns, repeats };
      await (who === "caller" ? stage.callersVoice : stage.calledVoice).say(text);
      const waits = until(
        `the text of "${text.slice(0, 30)}…"`,
        () => isHeard(text),
        times < TIMES_SAID ? 6_000 : 30_000,
      );
      if (times === TIMES_SAID) await waits;
      else if (
        !(await waits.then(
          () => true,
          () => false,
        ))
      ) {
        repeats++;
        continue;
      }
      break;
    }
    if (!isOver()) turns++;
  }
  return { turns, repeats };
}

/** Nothing of ours is left in Asterisk. */
async function isClean(stage: AsteriskStage): Promise<boolean> {
  const channels = await stage.channels();
  return !channels.has("Snoop") && !channels.has("UnicastRTP");
}

/** Snoop channels by Asterisk's own console: those that run, and those that are hung up and do not go. */
async function snoops(stage: AsteriskStage): Promise<readonly [running: number, stuck: number]> {
  const lines = (await stage.asterisk.cli("core show channels concise")).split("\n");
  const ours = lines.filter((line) => line.startsWith("Snoop/"));
  const stuck = ours.filter((line) => line.includes("!(None)!")).length;
  return [ours.length - stuck, stuck];
}

async function heardCall(stage: AsteriskStage, to: string): Promise<{ leg: Leg; callId: string }> {
  const leg = await stage.call(CALLER, to);
  assert.equal(leg.status, 200);
  const callId = await stage.callId();
  await until("both ears", async () => {
    const channels = await stage.channels();
    return channels.get("Snoop") === 2 && channels.get("UnicastRTP") === 2 && (await stage.bridges()) >= 3;
  });
  return { leg, callId };
}

/** The caller says it, and again where a busy machine tore a hole into the sound. */
async function sayUntilHeard(stage: AsteriskStage, callId: string, text: string): Promise<void> {
  const isHeard = async (): Promise<boolean> => ((await stage.heard(callId))?.lines.length ?? 0) > 0;
  for (let times = 1; times <= 3 && !(await isHeard()); times++) {
    await stage.callersVoice.say(text);
    const heard = until("the text", isHeard);
    await (times < 3 ? heard.catch(() => undefined) : heard);
  }
}

/** No call is left, whatever became of the test before. */
async function hangUpAll(stage: AsteriskStage): Promise<void> {
  for (const leg of stage.caller.legs.values()) if (leg.endedAt === undefined) stage.caller.hangUp(leg);
  await until("every channel to be gone", async () => (await stage.channels()).size === 0);
}

describe(
  "a call between two telephones of an Asterisk is heard and steered over ARI; no trunk was moved",
  { skip },
  () => {
    let stage: AsteriskStage;
    const folder = temporaryFolder("warning");
    before(async () => {
      const samples = new Float32Array(8_000).map((_, i) => 0.3 * Math.sin((2 * Math.PI * WARNING_HZ * i) / 8_000));
      const warningFile = join(folder.path, "warning.wav");
      writeFileSync(warningFile, writeWav({ sampleRateHz: 8_000, channels: [samples] }));
      stage = await asteriskStage({ sections: { threat: { warningFile, holdMs: HOLD_MS } } });
    });
    afterEach(() => hangUpAll(stage));
    after(async () => {
      await stage.close();
      folder.remove();
    });

    test("an honest call is heard word by word, each speaker apart, and left alone", async (t) => {
      const { leg, callId } = await heardCall(stage, "+12025550102");
      const { turns, repeats } = await speak(stage, leg, callId, HONEST_BANK_CALL);
      assert.equal(turns, HONEST_BANK_CALL.length);
      t.diagnostic(`turns that had to be said again: ${repeats}`);
      const heard = await stage.heard(callId);
      const texts = heard?.lines.filter(({ final }) => final).map(({ speaker, text }) => [speaker, text.toLowerCase()]);
      // What was torn is heard in part, and then as a whole.
      const whole = new Set(HONEST_BANK_CALL.map(([, text]) => text.toLowerCase()));
      assert.deepEqual(
        texts?.filter(([, text]) => whole.has(text ?? "")),
        HONEST_BANK_CALL.map(([who, text]) => [who === "caller" ? "caller" : "callee", text.toLowerCase()]),
      );
      assert.ok(heard?.state === "clear" || heard?.state === "uncertain", heard?.state);
      assert.equal(leg.endedAt, undefined);
      stage.caller.hangUp(leg);
      await until("everything of ours to be gone", async () => (await stage.channels()).size === 0);
      await until("every bridge to be gone", async () => (await stage.bridges()) === 0);
      await until("the call's end at the gateway", async () => (await stage.heard(callId)) === undefined);
      const counted = () => stage.gateway().metric("ringfence_ari_heard_calls_total", '{server="pbx",outcome="heard"}');
      await until("it to be counted", async () => (await counted()) > 0);
      assert.equal(await counted(), 1);
    });

    test("after a blind transfer it is one call still, and the callee is who speaks now", async () => {
      const { leg, callId } = await heardCall(stage, "+12025550107");
      const expert = "+13035550108";
      await speak(stage, leg, callId, [["called", "one moment please I put you through"]]);
      const agent = stage.calledLeg(leg) ?? assert.fail();
      stage.called.refer(agent, expert);
      await until("the expert", () => [...stage.called.legs.values()].some(({ to }) => to === expert));
      // Before the telephone's one voice speaks: the hang-up is the first agent's.
      stage.called.hangUp(agent, { voice: false });
      await until("the agent to be out", () => agent.endedAt !== undefined);
      const said = "this is the expert speaking how can I help";
      const { turns } = await speak(stage, leg, callId, [
        ["caller", "good morning I have a question"],
        ["called", said],
      ]);
      assert.equal(turns, 2);
      const lines = (await stage.heard(callId))?.lines.filter(({ final }) => final) ?? [];
      assert.equal(lines.find(({ text }) => text.toLowerCase() === said.toLowerCase())?.speaker, "callee");
      assert.equal(await stage.callId(), callId);
      stage.caller.hangUp(leg);
      await until("everything of ours to be gone", async () => (await stage.channels()).size === 0);
    });

    test("a scam call is tagged, warned about at the called side alone, held, and ended before the code is told", async () => {
      const { leg, callId } = await heardCall(stage, "+12025550103");
      const [atCaller, atCalled] = [new Earwitness(stage.callersVoice), new Earwitness(stage.calledVoice)];
      let isHeld = false;
      const speaking = speak(stage, leg, callId, SCAM_CALL, () => isHeld);
      const steps = (step: string): Promise<number> =>
        stage.gateway().metric("ringfence_threat_steps_total", `{step="${step}",outcome="done"}`);
      await until("the hold", async () => (await steps("hold")) > 0, 180_000);
      isHeld = true;
      const { turns } = await speaking;
      assert.ok(turns < SCAM_CALL.length, "the code was told");
      // Held: whoever speaks now is not heard by the other, but by the gateway.
      const held = [stage.callersVoice, stage.calledVoice].map((voice) => ({ voice, ear: new Earwitness(voice) }));
      // What was on its way to them before has come by then: 25 looks in a row, 20 ms apart, with nothing to hear.
      let quietLooks = 0;
      await until("half a second of silence", () => {
        quietLooks = held.every(({ ear }) => ear.loudest < 0.01) ? quietLooks + 1 : 0;
        if (quietLooks === 0) for (const each of held) each.ear = new Earwitness(each.voice);
        return quietLooks >= 25;
      });
      for (const each of held) each.ear = new Earwitness(each.voice);
      await Promise.all([stage.callersVoice.say("can you hear me"), stage.calledVoice.say("can you hear me")]);
      assert.equal(leg.endedAt, undefined);
      assert.deepEqual(
        held.map(({ ear }) => ear.loudest < 0.01),
        [true, true],
        held.map(({ ear }) => ear.loudest.toFixed(3)).join(),
      );
      await until("the end at the caller", () => leg.endedAt !== undefined, HOLD_MS + 20_000);
      await until("the end at the called side", () => stage.calledLeg(leg)?.endedAt !== undefined);
      const [calledHears, callerHears] = [atCalled.tone(WARNING_HZ), atCaller.tone(WARNING_HZ)];
      assert.ok(calledHears > 0.2, `the called side hears the warning: ${calledHears.toFixed(3)}`);
      assert.ok(callerHears < 0.05, `the caller does not: ${callerHears.toFixed(3)}`);
      const alerts = async () =>
        (await stage.gateway().api("/alerts")).json as { call_ids: string[]; threat?: { state: string } }[];
      await until("the alert", async () =>
        (await alerts()).some(({ call_ids: ids, threat }) => ids.includes(callId) && threat?.state === "scam"),
      );
      await until("everything of ours to be gone", async () => (await stage.channels()).size === 0);
      for (const step of ["tag", "warn"])
        assert.ok(
          (await stage.gateway().metric("ringfence_threat_steps_total", `{step="${step}",outcome="done"}`)) > 0,
          step,
        );
    });

    test("an emergency call is not heard, and a call that nobody asks about neither", async () => {
      for (const to of ["112", "+13035550104"]) {
        const leg = await stage.call(CALLER, to);
        assert.equal(leg.status, 200);
        await stage.callersVoice.say("good morning this is a test");
        assert.equal(await stage.heard(await stage.callId()), undefined, to);
        assert.ok(await isClean(stage), to);
        stage.caller.hangUp(leg);
        await until("its end", async () => (await stage.channels()).size === 0);
      }
    });

    test("no word and no number is in the log", () => {
      assert.doesNotMatch(
        stage.gateway().running.output(),
        /fraud department|mortgage|glasses|\+?1(?:202|303)555\d{4}/i,
      );
    });
  },
);

describe("hold, and what a crash leaves", { skip }, () => {
  let stage: AsteriskStage;
  before(async () => {
    // Held for long, never ended: what is heard on both sides can be measured.
    stage = await asteriskStage({
      server: { listen: "all", listenFormat: "slin16" },
    });
  });
  afterEach(() => hangUpAll(stage));
  after(() => stage.close());

  test("the gateway is killed in the middle of a call: the call goes on, and the next process cleans up and hears on", async () => {
    const { leg, callId } = await heardCall(stage, "+13035550105");
    await sayUntilHeard(stage, callId, "good morning this is your branch");
    await stage.ari("POST", "/asterisk/variable", {
      variable: `EXPORT(${callId.slice(4)},MUTEAUDIO(all))`,
      value: "on",
    });
    await stage.ari("POST", "/asterisk/variable", {
      variable: "RINGFENCE_HELD_ringfence",
      value: `gone ${callId.slice(4)}`,
    });
    await stage.gateway().stop("SIGKILL");
    assert.equal(leg.endedAt, undefined);
    assert.equal((await stage.channels()).get("UnicastRTP"), 2, "left over");
    await stage.startAgain();
    await until("the left-overs to be replaced", async () => {
      const channels = (await stage.ari("GET", "/channels")) as { id: string; name: string }[];
      const ours = channels.filter(({ name }) => /^(?:Snoop|UnicastRTP)\//.test(name));
      return ours.length === 4 && new Set(ours.map(({ id }) => id.split("~")[2])).size === 1;
    });
    await until("two that run", async () => String(await snoops(stage)) === String([2, 0]));
    const atCalled = new Earwitness(stage.calledVoice);
    await sayUntilHeard(stage, callId, "are you still there");
    await until("what a former process held to be released", () => atCalled.loudest > 0.2);
    stage.caller.hangUp(leg);
    await until("the end", async () => (await stage.channels()).size === 0 && (await stage.bridges()) === 0);
  });

  test("where no telephone sends anything, Asterisk keeps the old snoop channels; the next packet takes them all away", async () => {
    const { leg } = await heardCall(stage, "+13035550109");
    const voices = [stage.callersVoice, stage.calledVoice];
    for (const voice of voices) voice.suppressed = true;
    try {
      for (const [signal, old] of [
        ["SIGKILL", 2],
        ["SIGTERM", 4],
      ] as const) {
        await stage.gateway().stop(signal);
        await stage.startAgain();
        await until(`ears after ${signal}`, async () => String(await snoops(stage)) === String([2, old]));
      }
    } finally {
      for (const voice of voices) voice.suppressed = false;
    }
    await until("the old ones to be gone", async () => String(await snoops(stage)) === String([2, 0]));
    assert.equal(leg.endedAt, undefined);
    stage.caller.hangUp(leg);
    await until("the end", async () => (await stage.channels()).size === 0 && (await stage.bridges()) === 0);
  });

  test("an orderly end of the gateway leaves nothing either, and the call goes on", async () => {
    const { leg } = await heardCall(stage, "+13035550106");
    await stage.gateway().stop();
    await until("nothing of ours to be left", () => isClean(stage));
    await until("the telephones' own bridge to be left", async () => (await stage.bridges()) === 1);
    assert.equal(leg.endedAt, undefined);
    await stage.startAgain();
    stage.caller.hangUp(leg);
    await until("the end", async () => (await stage.channels()).size === 0);
  });
});
