import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import type { Leg } from "../../demo/phone.js";
import { asteriskMissing } from "../../support/asterisk.js";
import { asteriskStage, Earwitness, type AsteriskStage } from "../../support/asterisk-stage.js";
import { sayOnce } from "../../support/asterisk-media-stage.js";
import { TestAuthority, type Pair } from "../../support/certificates.js";
import { SCAM_CALL } from "../../support/dialogues.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { temporaryFolder, until } from "../../support/processes.js";

const skip = asteriskMissing() ?? false;
/** Of the warning, below the modem's tones. */
const WARNING_HZ = 150;
const SAID = "good morning this is your branch";
const ANSWERED = "good morning what can I do for you";
/** Names of the same Asterisk, by the way in which its sound comes: `asterisk.servers[].media`. */
const WAYS = { audiosocket: "pbx", websocket: "ws" } as const;

/** HTTP and HTTPS. */
const httpConf = ({ certFile, keyFile }: Pair): string => `[general]
enabled = yes
bindaddr = 127.0.0.1
bindport = @HTTP_PORT@
tlsenable = yes
tlsbindaddr = 127.0.0.1:@TLS_PORT@
tlscertfile = ${certFile}
tlsprivatekey = ${keyFile}
`;

describe(
  "a call of an Asterisk is heard, warned and ended over AudioSocket and media WebSockets as over RTP",
  { skip },
  () => {
    let stage: AsteriskStage;
    const folder = temporaryFolder("transports");
    const authority = new TestAuthority();
    before(async () => {
      const samples = new Float32Array(8_000).map((_, i) => 0.3 * Math.sin((2 * Math.PI * WARNING_HZ * i) / 8_000));
      const warningFile = join(folder.path, "warning.wav");
      writeFileSync(warningFile, writeWav({ sampleRateHz: 8_000, channels: [samples] }));
      writeFileSync(
        join(folder.path, "en-ask.wav"),
        writeWav({ sampleRateHz: 8_000, channels: [encodeText("who are you")] }),
      );
      stage = await asteriskStage({
        server: { media: "audiosocket", listen: "all" },
        // Over TLS: ARI, its events, and the media WebSockets.
        alsoServers: ({ tlsPort }) => [
          {
            id: "ws",
            app: "ringfence-ws",
            ariUrl: `https://127.0.0.1:${tlsPort}/ari`,
            media: "websocket",
            listen: "all",
            listenFormat: "slin16",
            observe: false,
          },
        ],
        files: { "http.conf": httpConf(authority.issue("asterisk", ["IP:127.0.0.1"])) },
        env: { NODE_EXTRA_CA_CERTS: authority.caFile },
        asterisk: {
          audioSocket: { enabled: true, listenPort: 0, claimTimeoutMs: 30_000 },
          screening: { enabled: true, promptFolder: folder.path, synthesiser: { engine: "none" } },
        },
        sections: { threat: { warningFile, holdMs: 1_000 } },
      });
    });
    afterEach(async () => {
      for (const leg of stage.caller.legs.values()) if (leg.endedAt === undefined) stage.caller.hangUp(leg);
      await until(
        "everything to be gone",
        async () => (await stage.channels()).size === 0 && (await stage.bridges()) === 0,
      );
      await until("all connections to be gone", async () => (await connections()) === 0);
    });
    after(async () => {
      await stage.close();
      folder.remove();
      authority.remove();
    });

    const connections = (): Promise<number> => stage.gateway().metric("ringfence_asterisk_media_connections");
    const steps = (step: string): Promise<number> =>
      stage.gateway().metric("ringfence_threat_steps_total", `{step="${step}",outcome="done"}`);
    const ears = async (): Promise<readonly (number | undefined)[]> => {
      const channels = await stage.channels();
      return ["Snoop", "AudioSocket", "WebSocket", "UnicastRTP"].map((driver) => channels.get(driver));
    };
    const heardCall = async (to: string): Promise<{ leg: Leg; uniqueId: string }> => {
      const leg = await stage.call("+12025550101", to);
      assert.equal(leg.status, 200);
      await until(
        "all ears",
        async () => String(await ears()) === String([4, 2, 2, undefined]) && (await stage.bridges()) === 5,
      );
      return { leg, uniqueId: (await stage.callId()).slice("pbx;".length) };
    };
    const texts = async (server: string, uniqueId: string): Promise<readonly (readonly string[])[]> =>
      ((await stage.heard(`${server};${uniqueId}`))?.lines ?? [])
        .filter(({ final }) => final)
        .map(({ speaker, text }) => [speaker, text.toLowerCase()]);
    /** Said once; both ways have it. */
    const say = async (uniqueId: string, who: "caller" | "callee", text: string): Promise<void> => {
      const voice = who === "caller" ? stage.callersVoice : stage.calledVoice;
      const isHeard = async (server: string): Promise<boolean> =>
        (await texts(server, uniqueId)).some(([speaker, words]) => speaker === who && words === text.toLowerCase());
      try {
        await sayOnce(voice, text, async () => (await isHeard(WAYS.audiosocket)) && (await isHeard(WAYS.websocket)));
      } catch (cause) {
        const found = await Promise.all(Object.values(WAYS).map((server) => stage.heard(`${server};${uniqueId}`)));
        throw new Error(JSON.stringify(found), { cause });
      }
    };

    test("both speakers apart, word by word, said once", async () => {
      const { uniqueId } = await heardCall("+13035550102");
      await say(uniqueId, "caller", SAID);
      await say(uniqueId, "callee", ANSWERED);
      for (const server of Object.values(WAYS)) {
        // What was torn may be there in part, and then as a whole.
        const found = (await texts(server, uniqueId)).filter(([, words]) => words?.startsWith("good morning") === true);
        const speakers = new Map(found.map(([speaker, words]) => [words, speaker]));
        assert.deepEqual(speakers.get(SAID), "caller");
        assert.deepEqual(speakers.get(ANSWERED.toLowerCase()), "callee");
      }
    });

    test("a connection that is lost in the middle of a call is opened again", async () => {
      const { uniqueId } = await heardCall("+13035550103");
      const channels = (await stage.ari("GET", "/channels")) as { id: string; name: string }[];
      const lost = channels.filter(({ name }) => /^(?:AudioSocket|WebSocket)\//.test(name));
      await Promise.all(lost.map(({ id }) => stage.ari("DELETE", `/channels/${encodeURIComponent(id)}`)));
      await until("other ears", async () => {
        const now = (await stage.ari("GET", "/channels")) as { id: string; name: string }[];
        const there = now.filter(({ name }) => /^(?:AudioSocket|WebSocket)\//.test(name));
        return (
          there.length === 4 &&
          there.every(({ id }) => lost.every((old) => old.id !== id)) &&
          (await stage.bridges()) === 5
        );
      });
      await say(uniqueId, "caller", SAID);
    });

    test("a scam call is warned about at the called side alone, held, and ended", async () => {
      const { leg, uniqueId } = await heardCall("+13035550104");
      const [atCaller, atCalled] = [new Earwitness(stage.callersVoice), new Earwitness(stage.calledVoice)];
      for (const [who, text] of SCAM_CALL) {
        if (leg.endedAt !== undefined) break;
        const isHeard = async (): Promise<boolean> =>
          leg.endedAt !== undefined || (await texts("pbx", uniqueId)).some(([, words]) => words === text.toLowerCase());
        await sayOnce(who === "caller" ? stage.callersVoice : stage.calledVoice, text, isHeard);
      }
      await until("the end", () => leg.endedAt !== undefined);
      for (const step of ["tag", "warn", "hold"]) await until(`${step}, by both`, async () => (await steps(step)) >= 2);
      const [calledHears, callerHears] = [atCalled.tone(WARNING_HZ), atCaller.tone(WARNING_HZ)];
      assert.ok(calledHears > 0.2, `the called side hears the warning: ${calledHears.toFixed(3)}`);
      assert.ok(callerHears < 0.05, `the caller does not: ${callerHears.toFixed(3)}`);
    });

    test("killed in the middle of a call: the next process cleans up and hears on", async () => {
      const { leg, uniqueId } = await heardCall("+13035550105");
      await stage.gateway().stop("SIGKILL");
      assert.equal(leg.endedAt, undefined);
      await stage.startAgain();
      await until(
        "ears again",
        async () => String(await ears()) === String([4, 2, 2, undefined]) && (await stage.bridges()) === 5,
      );
      await say(uniqueId, "caller", SAID);
      assert.equal(leg.endedAt, undefined);
    });

    test("no word, no number and no password is in the log", () => {
      assert.doesNotMatch(stage.gateway().running.output(), /your branch|\+?1(?:202|303)555\d{4}|secret-of-the-test/i);
    });
  },
);
