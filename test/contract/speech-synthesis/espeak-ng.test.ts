import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EspeakNg } from "../../../gateway/adapters/speech-synthesis/espeak-ng.js";
import { SoundStore } from "../../../gateway/adapters/speech-synthesis/sound-store.js";
import { CryptoRandom } from "../../../gateway/adapters/system/crypto-random.js";
import { silentLog } from "../../../gateway/core/log.js";
import { temporaryFolder } from "../../support/processes.js";
import { speechSynthesisContract } from "./speech-synthesis-contract.js";

const PROGRAM = "espeak-ng";
const missing = spawnSync(PROGRAM, ["--version"]).error === undefined ? undefined : "espeak-ng is not installed";
const espeak = (program = PROGRAM, timeoutMs = 60_000) => new EspeakNg({ program, timeoutMs });
const HELLO = { text: "hello there", voice: "en", wordsPerMinute: 160 };

speechSynthesisContract("espeak-ng", () => espeak(), missing);

const folder = temporaryFolder("sounds");
process.once("exit", () => folder.remove());
speechSynthesisContract(
  "espeak-ng behind the store",
  () =>
    new SoundStore(
      { folder: join(folder.path, "kept"), diskBytes: 10_000_000, memoryBytes: 10_000_000, maxWaiting: 100 },
      { synthesis: espeak(), random: new CryptoRandom(), log: silentLog },
    ),
  missing,
);

function programThat(does: string): string {
  const path = join(folder.path, `program-${does.length}`);
  writeFileSync(path, `#!/bin/sh\n${does}\n`);
  chmodSync(path, 0o700);
  return path;
}

const FAULTS: readonly (readonly [what: string, program: string, message: RegExp, timeoutMs?: number])[] = [
  ["is not installed", "/nowhere/espeak-ng", /is not installed/],
  ["hangs", programThat("exec sleep 60"), /did not end within 300 ms/, 300],
  ["fails", programThat("echo no such voice >&2; exit 3"), /ended with 3: no such voice/],
  ["says nothing", programThat("exit 0"), /no WAV file/],
  ["gives no sound", programThat("echo this is text and no sound at all, however long it may be"), /no WAV file/],
  ["never stops", programThat("exec cat /dev/zero"), /speaks without end|did not end/, 3_000],
];
for (const [what, program, message, timeoutMs] of FAULTS) {
  test(`a synthesiser that ${what}`, async () => {
    await assert.rejects(espeak(program, timeoutMs).say(HELLO, 8_000), { code: "tts.unavailable", message });
  });
}
