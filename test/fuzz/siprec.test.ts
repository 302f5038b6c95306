import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeMetadata } from "../../gateway/sip/siprec/merge-metadata.js";
import { readMetadata } from "../../gateway/sip/siprec/read-metadata.js";
import { recordingAnswer } from "../../gateway/sip/siprec/recording-answer.js";
import { readRecordingBody } from "../../gateway/sip/siprec/recording-body.js";
import { METADATA_LIMITS, type RecordingMetadata } from "../../gateway/sip/siprec/recording-metadata.js";
import { recordedParties } from "../../gateway/sip/siprec/recorded-parties.js";
import { readRecordingSdp } from "../../gateway/sip/siprec/recording-sdp.js";
import { parseSdp } from "../../gateway/sip/sdp/parse-sdp.js";
import { DIALECTS } from "../fixtures/siprec/dialects.js";
import { mutateSip } from "../support/mutate-sip.js";
import { recordingBench, RecordingClient } from "../support/recording-bench.js";
import { SeededRandom } from "../support/seeded-random.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 7865);
const BODIES = 20_000;
const SESSIONS = 2_000;
const samples = DIALECTS.map(({ body }) => Buffer.from(body, "latin1"));

test(`${BODIES} mutated recording bodies (seed ${SEED}): read or not, within limits, with an answer that fits`, () => {
  const random = new SeededRandom(SEED);
  let known: RecordingMetadata | undefined;
  let read = 0;
  for (let i = 0; i < BODIES; i++) {
    const { contentType } = DIALECTS[i % DIALECTS.length]!;
    const body = mutateSip(samples[i % samples.length]!, random, samples);
    const parts = readRecordingBody(random.below(20) === 0 ? undefined : contentType, body);
    const metadata = parts.metadata === undefined ? undefined : readMetadata(parts.metadata);
    if (metadata?.ok === true) {
      read++;
      known = mergeMetadata(random.below(50) === 0 ? undefined : known, metadata.value.metadata).metadata;
      assert.ok(known.participants.length <= METADATA_LIMITS.participants);
      assert.ok(known.identifiers.length <= METADATA_LIMITS.identifiers);
    }
    const sdp = readRecordingSdp(parts.sdp ?? "", { maxLines: 16, knowsSuite: () => true });
    if (!sdp.ok) continue;
    const { lines } = sdp.value;
    const parties = recordedParties(
      known,
      lines.map(({ label }) => label),
    );
    assert.equal(parties.sides.length, lines.length);
    const at = { address: "192.0.2.1", port: 50_000 };
    const text = recordingAnswer(
      lines.map((line) => ({ line, at: line.refused === undefined ? at : undefined, ownKey: "AAAA" })),
      { sessionId: "1", version: 1 },
    );
    const answer = parseSdp(text, { bytes: 1_000_000, lines: 10_000, media: 256 });
    assert.ok(answer.ok, `${i}: our own answer cannot be read: ${text}`);
    assert.equal(answer.value.media.length, lines.length);
  }
  assert.ok(read > BODIES / 4, `${read} documents were read`);
});

test(`${SESSIONS} recording sessions with mutated bodies (seed ${SEED}): 200 or 488, never 400 or 500, nothing is left`, async () => {
  const random = new SeededRandom(SEED);
  const bench = await recordingBench({ seed: SEED, options: { maxSessions: 100_000, keepAliveMs: 0 } });
  const statuses = new Map<number, number>();
  for (let i = 0; i < SESSIONS; i++) {
    const dialect = DIALECTS[i % DIALECTS.length]!;
    const body = mutateSip(samples[i % samples.length]!, random, samples).toString("latin1");
    const client = new RecordingClient(bench, body, {
      callId: `rec-${i}`,
      headers: [
        ["Require", "siprec"],
        ["Content-Type", dialect.contentType],
      ],
    });
    await bench.settle(10);
    const { status } = client.response;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status !== 200) continue;
    client.dialog.user = client.dialogUser;
    client.dialog.ack({ headers: [["Content-Type", "application/sdp"]], body: Buffer.from(body, "latin1") });
    await bench.settle(5);
    if (client.dialog.state !== "confirmed") continue;
    const again = mutateSip(samples[random.below(samples.length)]!, random, samples).toString("latin1");
    const update = { method: "UPDATE", headers: [["Content-Type", dialect.contentType]] as const };
    client.dialog.request({ ...update, body: Buffer.from(again, "latin1") }, { onFinal: () => undefined });
    await bench.settle(5);
    // Its answer may have ended the dialog meanwhile: then this goes nowhere.
    client.dialog.request({ method: "BYE" }, { onFinal: () => undefined });
    await bench.settle(5);
  }
  assert.deepEqual(
    [...statuses.keys()].filter((status) => status !== 200 && status !== 488),
    [],
  );
  assert.ok((statuses.get(200) ?? 0) > SESSIONS / 2, JSON.stringify([...statuses]));
  await bench.settle(100);
  assert.deepEqual(
    [bench.server.size, bench.media.open.length, bench.listening.streams.size, bench.listening.openCalls],
    [0, 0, 0, []],
  );
  assert.deepEqual(
    bench.log.lines.filter(({ level }) => level === "error"),
    [],
  );
});
