import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configSchema } from "../../../gateway/config/schema.js";
import { silentLog, type LogFields } from "../../../gateway/core/log.js";
import type { MonoMs } from "../../../gateway/core/time.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { ScreeningPrompts } from "../../../gateway/wiring/asterisk/screening-prompts.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder, until } from "../../support/processes.js";

class WatchedClock extends FakeClock {
  putDown = 0;
  override callAt(at: MonoMs, fn: () => void): () => void {
    this.putDown++;
    return super.callAt(at, fn);
  }
}

test("a synthesiser that is not there: the log says what callers hear, why, and what helps, once; health says it too", async (t) => {
  const folder = temporaryFolder("screening-prompts");
  t.after(folder.remove);
  const { screening } = configSchema.parse({
    asterisk: { screening: { synthesiser: { program: "/nowhere/espeak-ng" } } },
  }).asterisk;
  const lines: (readonly [string, LogFields | undefined])[] = [];
  const log = { ...silentLog, error: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
  const clock = new WatchedClock();
  const prompts = new ScreeningPrompts(screening, folder.path, {
    clock,
    random: { token: () => "0", next: () => 0 },
    log,
  });
  t.after(() => prompts.close());
  await prompts.start();
  const [[event, fields] = []] = lines;
  assert.equal(event, "screening.no-voice");
  assert.equal(fields?.["why"], "tts.unavailable: /nowhere/espeak-ng is not installed");
  assert.match(String(fields["remedy"]), /apt-get install espeak-ng.*synthesiser\.program.*promptFolder/);
  assert.deepEqual([fields["missing"], fields["againInMs"]], [12, 60_000]);
  const why = "callers hear beeps for 12 prompts: tts.unavailable: /nowhere/espeak-ng is not installed";
  assert.deepEqual(prompts.health(), { name: "screening", ok: false, vital: false, detail: why });
  const before = clock.putDown;
  clock.advance(60_000);
  await until("the next try to be over, and one more put down", () => clock.putDown > before);
  assert.equal(lines.length, 1);
});

test("recordings are brought to the rate of telephones when they are read, before anything is started; long ones are refused", (t) => {
  const folder = temporaryFolder("screening-prompts");
  t.after(folder.remove);
  const record = (seconds: number): void => {
    const wav = writeWav({ sampleRateHz: 16_000, channels: [new Float32Array(16_000 * seconds).fill(0.1)] });
    writeFileSync(join(folder.path, "en-ask.wav"), wav);
  };
  const { screening } = configSchema.parse({
    asterisk: { screening: { promptFolder: folder.path, synthesiser: { engine: "none" } } },
  }).asterisk;
  const deps = { clock: new FakeClock(), random: { token: () => "0", next: () => 0 }, log: silentLog };
  record(2);
  const sound = new ScreeningPrompts(screening, folder.path, deps).sound("ask", "en");
  assert.deepEqual([sound?.sampleRateHz, sound?.samples.length], [8_000, 16_000]);
  record(61);
  assert.throws(() => new ScreeningPrompts(screening, folder.path, deps), /en-ask\.wav is longer than 60 seconds/);
});
