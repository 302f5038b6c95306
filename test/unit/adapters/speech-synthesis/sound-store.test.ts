import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { SoundStore } from "../../../../gateway/adapters/speech-synthesis/sound-store.js";
import { CryptoRandom } from "../../../../gateway/adapters/system/crypto-random.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { FakeSynthesis } from "../../../support/fake-synthesis.js";
import { temporaryFolder } from "../../../support/processes.js";

const spoken = (text: string, voice = "en") => ({ text, voice, wordsPerMinute: 160 });

function open(t: TestContext, limits: { diskBytes?: number; memoryBytes?: number; maxWaiting?: number } = {}) {
  const temporary = temporaryFolder("sounds");
  t.after(() => temporary.remove());
  const folder = join(temporary.path, "sounds");
  const synthesis = new FakeSynthesis();
  const again = (): SoundStore =>
    new SoundStore(
      { folder, diskBytes: 1_000_000, memoryBytes: 1_000_000, maxWaiting: 10, ...limits },
      { synthesis, random: new CryptoRandom(), log: silentLog },
    );
  const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".wav"));
  return { folder, synthesis, store: again(), again, files };
}

describe("sounds are rendered once", () => {
  test("by text, voice and rate; and by somebody who asks at the same time", async (t) => {
    const { store, synthesis } = open(t);
    await Promise.all([store.say(spoken("one"), 8_000), store.say(spoken("one"), 8_000)]);
    await store.say(spoken("one"), 8_000);
    await store.say(spoken("one", "es"), 8_000);
    await store.say(spoken("one"), 16_000);
    assert.equal(synthesis.said.length, 3);
  });

  test("the next process finds them on disk, readable by the owner alone", async (t) => {
    const { store, synthesis, again, folder, files } = open(t);
    const made = await store.say(spoken("one"), 8_000);
    synthesis.fails = true;
    const found = await again().say(spoken("one"), 8_000);
    assert.equal(found.samples.length, made.samples.length);
    const worst = found.samples.reduce((most, x, i) => Math.max(most, Math.abs(x - (made.samples[i] ?? 0))), 0);
    assert.ok(worst < 1 / 30_000, "16 bits");
    assert.equal(statSync(join(folder, files()[0] ?? "")).mode & 0o777, 0o600);
  });

  test("the disk's limit holds: the sound used longest ago goes", async (t) => {
    const { store, files, again } = open(t, { diskBytes: 10_000, memoryBytes: 1 });
    for (const text of ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "dddddddddd"]) await store.say(spoken(text), 8_000);
    assert.equal(files().length, 3);
    await again().say(spoken("eeeeeeeeee"), 8_000);
    assert.equal(files().length, 3);
  });

  test("a sound that the memory cannot hold is read again", async (t) => {
    const { store, synthesis } = open(t, { memoryBytes: 1 });
    await store.say(spoken("one"), 8_000);
    await store.say(spoken("one"), 8_000);
    assert.equal(synthesis.said.length, 1);
  });

  test("a file that was cut is rendered anew, what a crash left is removed", async (t) => {
    const { store, synthesis, again, folder, files } = open(t);
    await store.say(spoken("one"), 8_000);
    truncateSync(join(folder, files()[0] ?? ""), 20);
    writeFileSync(join(folder, ".0123456789abcdef.part"), "half");
    await again().say(spoken("one"), 8_000);
    assert.equal(synthesis.said.length, 2);
    assert.deepEqual(readdirSync(folder), files());
  });

  test("a folder that cannot be written costs the keeping, not the sound", async (t) => {
    const { store, folder } = open(t);
    mkdirSync(join(folder, ".."), { recursive: true });
    writeFileSync(folder, "a file where the folder should be");
    assert.ok((await store.say(spoken("one"), 8_000)).samples.length > 0);
  });

  test("a text that failed is tried again", async (t) => {
    const { store, synthesis } = open(t);
    synthesis.fails = true;
    await assert.rejects(store.say(spoken("one"), 8_000), { code: "tts.unavailable" });
    synthesis.fails = false;
    assert.ok((await store.say(spoken("one"), 8_000)).samples.length > 0);
  });
});
