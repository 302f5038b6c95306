import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { G711 } from "../../gateway/media/g711/g711.js";

const mu = new G711("PCMU");
const a = new G711("PCMA");

// ITU-T G.711 table 5 (A-law) and table 6 (µ-law): 1 kHz at 0 dBm0, eight codes a period.
const DIGITAL_MILLIWATT = {
  PCMA: [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4],
  PCMU: [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e],
};

for (const law of [mu, a]) {
  test(`${law.law}: the digital milliwatt of G.711 is a sine of 1 kHz at 0 dBm0`, () => {
    const coded = Uint8Array.from(DIGITAL_MILLIWATT[law.law]);
    const samples = new Int16Array(8);
    law.decodeLinear(coded, samples);
    // Peak 3.14 (A) or 3.17 dB (µ) under full scale; samples at 22.5°, 67.5° … of a sine.
    const peak = (Math.hypot(samples[0] ?? 0, samples[1] ?? 0) / 32_768) * (law.law === "PCMA" ? 1.0 : 1.02);
    const expected = 10 ** ((law.law === "PCMA" ? -3.14 : -3.17) / 20);
    assert.ok(Math.abs(peak / expected - 1) < 0.03, `${peak} for ${expected}`);
    // 0 dBm0 is 3.14 (3.17) dB under a full-scale sine, which is 3.01 dB under a full-scale square wave.
    assert.ok(Math.abs(law.levelDbov(coded) + 6.15) < 0.2, `${law.levelDbov(coded)}`);
  });

  test(`${law.law}: every code decodes to a value that encodes to it again`, () => {
    for (let code = 0; code < 256; code++) {
      const back = law.encodeSample(law.linear[code] ?? 0);
      // µ-law has two zeros; the positive one is used.
      const expected = law.law === "PCMU" && code === 0x7f ? 0xff : code;
      assert.equal(back, expected, `code ${code}`);
    }
  });

  test(`${law.law}: each of 65,536 samples is coded by one of its two neighbours, the nearer one but at the edges of segments`, () => {
    const levels = [...new Set(law.linear)].sort((x, y) => x - y);
    let below = 0;
    for (let sample = -32_768; sample <= 32_767; sample++) {
      while (below < levels.length - 2 && (levels[below + 1] ?? 0) <= sample) below++;
      const decoded = law.linear[law.encodeSample(sample)] ?? 0;
      const [low = 0, high = 0] = [levels[below], levels[below + 1]];
      assert.ok(decoded === low || decoded === high, `${sample} → ${decoded}, neighbours ${low} ${high}`);
      // Where the step doubles, the decision value of tables 1 and 2 is not the middle but two thirds of the way.
      assert.ok(
        Math.abs(decoded - sample) <= ((high - low) * 2) / 3 + 16 || sample < low || sample > high,
        `${sample}`,
      );
    }
  });
}

test("extremes and zero have the codes of G.711 tables 1 and 2", () => {
  assert.deepEqual([32_767, -32_768, 0].map((sample) => mu.encodeSample(sample)), [0x80, 0x00, 0xff]); // prettier-ignore
  assert.deepEqual([32_767, -32_768, 0].map((sample) => a.encodeSample(sample)), [0xaa, 0x2a, 0xd5]); // prettier-ignore
  assert.deepEqual([mu.linear[0x80], mu.linear[0x00], mu.linear[0xff]], [32_124, -32_124, 0]);
  assert.deepEqual([a.linear[0xaa], a.linear[0x2a], a.linear[0xd5]], [32_256, -32_256, 8]);
});

/** SHA-256 of what ITU-T G.191's g711demo makes of all samples from −32768 to 32767 (src/g711/test_data/sweep-r.*), 16 bits little-endian. */
const REFERENCE = {
  PCMA: {
    coded: "e1e8717a8c7a493583a2e8ac6916f0e37383d9226c6fb60de541393aba8bf402",
    decoded: "faf8570479a0e7d0e1da55d48c42e76961d0e5c285c35d42e9f6dafbafae8a35",
  },
  PCMU: {
    coded: "0523921b8957bccf95d0e0f2e43930359403d5ad4e31926b2272aa74a1f22c43",
    decoded: "cf9f90195534a105f211b1fb5c511ab45ee76827ac0987d6cc804afb897ef0f6",
  },
};
for (const law of [mu, a]) {
  test(`${law.law}: all 65,536 samples are coded and decoded as ITU-T G.191's software does`, () => {
    const coded = Buffer.alloc(131_072);
    const decoded = Buffer.alloc(131_072);
    for (let i = 0; i < 65_536; i++) {
      const code = law.encodeSample(i - 32_768);
      coded.writeInt16LE(code, 2 * i);
      decoded.writeInt16LE(law.linear[code]!, 2 * i);
    }
    const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    assert.deepEqual({ coded: sha256(coded), decoded: sha256(decoded) }, REFERENCE[law.law]);
  });
}
