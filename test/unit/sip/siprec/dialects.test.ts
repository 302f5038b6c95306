import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetadata } from "../../../../gateway/sip/siprec/read-metadata.js";
import { readRecordingBody } from "../../../../gateway/sip/siprec/recording-body.js";
import type { RecordingMetadata } from "../../../../gateway/sip/siprec/recording-metadata.js";
import { recordedParties } from "../../../../gateway/sip/siprec/recorded-parties.js";
import { readRecordingSdp } from "../../../../gateway/sip/siprec/recording-sdp.js";
import { DIALECTS } from "../../../fixtures/siprec/dialects.js";

const OPTIONS = { maxLines: 16, knowsSuite: () => false };

for (const dialect of DIALECTS) {
  test(`siprec dialect: ${dialect.name}`, () => {
    const body = readRecordingBody(dialect.contentType, Buffer.from(dialect.body, "latin1"));
    const sdp = readRecordingSdp(body.sdp ?? "", OPTIONS);
    assert.ok(sdp.ok);
    const labels = sdp.value.lines.map(({ label }) => label);
    assert.deepEqual(labels, dialect.labels);
    let metadata: RecordingMetadata | undefined;
    if (body.metadata !== undefined) {
      const read = readMetadata(body.metadata);
      assert.ok(read.ok, "the metadata is not read");
      assert.deepEqual(read.value.warnings, []);
      metadata = read.value.metadata;
    }
    const parties = recordedParties(metadata, labels);
    assert.deepEqual(parties.sides, dialect.sides);
    assert.equal(parties.caller?.aor, dialect.caller);
    assert.equal(parties.called?.aor, dialect.called);
    assert.deepEqual(metadata?.identifiers ?? [], dialect.identifiers);
    assert.deepEqual([...body.warnings, ...parties.warnings], dialect.warnings);
  });
}

test("siprec dialect: names are shown as they were meant, times are those of the document", () => {
  const [rfc] = DIALECTS;
  const body = readRecordingBody(rfc!.contentType, Buffer.from(rfc!.body, "latin1"));
  const read = readMetadata(body.metadata!);
  assert.ok(read.ok);
  assert.equal(read.value.metadata.participants[0]!.name, "Ada & Co");
  assert.equal(read.value.metadata.sessions[0]!.startedAt, Date.UTC(2024, 4, 1, 10));
});
