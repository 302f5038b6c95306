import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Leg } from "../../demo/phone.js";
import { asteriskMissing } from "../../support/asterisk.js";
import { asteriskStage, Earwitness, type AsteriskStage } from "../../support/asterisk-stage.js";
import { MODEM_PROMPTS, modemPrompts, REST } from "../../support/modem/prompts.js";
import { temporaryFolder, until } from "../../support/processes.js";

const skip = asteriskMissing() ?? false;
const CALLER = "+12025550101";
const ANSWER = "this is Martha from the garage about your car";
/** Who hears neither an answer nor a question so long says it again: the question may be what was torn. */
const UNHEARD_MS = 6_000;

// What screening makes of a caller is tested over RTP (screening.test.ts); here, that its sound comes and goes over TCP as well.
for (const media of ["audiosocket", "websocket"] as const)
  describe(`a caller is screened, sound by ${media}`, { skip }, () => {
    const folder = temporaryFolder("prompts");
    let stage: AsteriskStage;
    before(async () => {
      stage = await asteriskStage({
        server: { media, listen: "none" },
        asterisk: {
          audioSocket: { enabled: media === "audiosocket", listenPort: 0, claimTimeoutMs: 30_000 },
          screening: {
            ...{ enabled: true, promptFolder: modemPrompts(folder.path) },
            ...{ silenceMs: 1_500, keypadMs: 3_000, textMs: 15_000 },
          },
        },
      });
    });
    afterEach(async () => {
      for (const leg of stage.caller.legs.values()) if (leg.endedAt === undefined) stage.caller.hangUp(leg);
      await until("every channel to be gone", async () => (await stage.channels()).size === 0);
      await until("every bridge to be gone", async () => (await stage.bridges()) === 0);
      await until("every connection to be gone", async () => (await connections()) === 0);
    });
    after(async () => {
      await stage.close();
      folder.remove();
    });

    const connections = (): Promise<number> => stage.gateway().metric("ringfence_asterisk_media_connections");
    const results = (): string[] =>
      [...stage.asterisk.log().matchAll(/app_verbose\.c: SCREENED (.*)/g)].map(([, text = ""]) => text.trim());
    const begin = async (to: string): Promise<{ leg: Leg; ear: Earwitness; before: number }> => {
      const before = results().length;
      const ear = new Earwitness(stage.callersVoice);
      return { leg: await stage.call(CALLER, to), ear, before };
    };
    const hears = (ear: Earwitness, prompt: string): Promise<void> =>
      until(
        `"${MODEM_PROMPTS[prompt] ?? ""}"`,
        () => ear.textSoFar(6_000).includes(MODEM_PROMPTS[prompt] ?? "?"),
        40_000,
      );
    /** Once more where a busy machine tore a hole into the sound and it was not understood: as people do. */
    const answer = async (ear: Earwitness, before: number): Promise<string> => {
      const asked = (): number => ear.textSoFar().split(/once more|press a key/).length;
      for (let times = 1; times <= 3; times++) {
        const questions = asked();
        await stage.callersVoice.say(ANSWER);
        const isOn = (): boolean => results().length > before || asked() > questions;
        await until("a result, or another question", isOn, UNHEARD_MS).catch(() => undefined);
        if (results().length > before) break;
      }
      await until("the result", () => results().length > before, 40_000);
      return results()[before] ?? "";
    };

    test("who says who they are is heard and put through; nothing goes by RTP", async () => {
      const { leg, ear, before } = await begin("+14045550102");
      await hears(ear, "en-ask");
      const drivers = await stage.channels();
      const [ours, other] = media === "audiosocket" ? ["AudioSocket", "WebSocket"] : ["WebSocket", "AudioSocket"];
      assert.deepEqual([drivers.get(ours), drivers.get(other), drivers.get("UnicastRTP")], [2, undefined, undefined]);
      assert.equal(await answer(ear, before), "pass answered");
      await until("the called telephone", () => stage.calledLeg(leg) !== undefined);
      assert.equal(leg.endedAt, undefined);
    });

    test("who speaks before the prompt is over stops it", async () => {
      const { ear, before } = await begin("+14045550103");
      await until("the prompt's beginning", () => ear.loudest > 0.2);
      assert.equal(await answer(ear, before), "pass answered");
      assert.ok(!ear.text().includes(REST), `the prompt was cut: ${ear.text()}`);
    });

    test("who hangs up in the middle leaves nothing", async () => {
      const { leg, ear } = await begin("+14045550104");
      await until("the prompt's beginning", () => ear.loudest > 0.2);
      stage.caller.hangUp(leg);
      await until("the end of it", async () => (await stage.gateway().metric("ringfence_screenings_live")) === 0);
    });
  });
