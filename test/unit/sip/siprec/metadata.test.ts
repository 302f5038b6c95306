import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeMetadata } from "../../../../gateway/sip/siprec/merge-metadata.js";
import { readMetadata, readSipSessionId } from "../../../../gateway/sip/siprec/read-metadata.js";
import { METADATA_LIMITS, type RecordingMetadata } from "../../../../gateway/sip/siprec/recording-metadata.js";
import { recordedParties } from "../../../../gateway/sip/siprec/recorded-parties.js";
import { writeMetadata, type WrittenMetadata } from "../../../../gateway/sip/siprec/write-metadata.js";

const read = (text: string): RecordingMetadata => {
  const result = readMetadata(Buffer.from(text, "utf8"));
  assert.ok(result.ok);
  return result.value.metadata;
};
const recording = (inner: string, mode = "complete"): string =>
  `<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>${mode}</datamode>${inner}</recording>`;

const written: WrittenMetadata = {
  mode: "complete",
  sessionId: "S1",
  startedAt: "2024-05-01T10:00:00Z",
  sipSessionId: "leg-a@192.0.2.1",
  participants: [
    {
      id: "P1",
      aor: "sip:+12025550101@192.0.2.1",
      name: `"Ada" <&> 'Zoë'`,
      streamId: "T1",
      label: "1",
      isCaller: true,
    },
    { id: "P2", aor: "sip:+12025550199@192.0.2.2", streamId: "T2", label: "2", isCaller: false },
  ],
};

for (const dialect of ["rfc", "acme"] as const)
  test(`metadata: what is written as ${dialect} reads the same`, () => {
    const result = readMetadata(writeMetadata(written, dialect));
    assert.ok(result.ok);
    assert.deepEqual(result.value.warnings, []);
    const { participants, streams, sessions } = result.value.metadata;
    assert.deepEqual(
      participants.map(({ id, aor, name, sends, left }) => ({ id, aor, name, sends, left })),
      [
        { id: "P1", aor: "sip:+12025550101@192.0.2.1", name: `"Ada" <&> 'Zoë'`, sends: ["T1"], left: false },
        { id: "P2", aor: "sip:+12025550199@192.0.2.2", name: "", sends: ["T2"], left: false },
      ],
    );
    assert.deepEqual(
      streams.map(({ id, label }) => [id, label]),
      [
        ["T1", "1"],
        ["T2", "2"],
      ],
    );
    assert.equal(sessions[0]?.startedAt, Date.UTC(2024, 4, 1, 10));
  });

for (const name of ["Constructor", "CONSTRUCTOR", "valueOf"])
  test(`metadata: an element called ${name}, as what every object has, is no identifier of the call`, () => {
    const { identifiers } = read(recording(`<ucid>00FA</ucid><${name}>x</${name}>`));
    assert.deepEqual(identifiers, [{ kind: "ucid", value: "00FA" }]);
  });

test("metadata: a document that was cut off is read up to there", () => {
  const whole = Buffer.from(writeMetadata(written));
  const cut = readMetadata(whole.subarray(0, whole.indexOf("<participantstreamassoc") + 12));
  assert.ok(cut.ok);
  assert.deepEqual(cut.value.warnings, ["truncated-metadata"]);
  assert.equal(cut.value.metadata.participants.length, 2);
});

for (const { name, bytes, error } of [
  { name: "no recording", bytes: Buffer.from("<html/>"), error: "metadata.root" },
  { name: "nothing", bytes: new Uint8Array(), error: "metadata.root" },
  { name: "noise", bytes: Buffer.from("no tag at all"), error: "metadata.root" },
  { name: "a document type", bytes: Buffer.from("<!DOCTYPE x><recording/>"), error: "xml.doctype" },
])
  test(`metadata: refused: ${name}`, () => assert.deepEqual(readMetadata(bytes), { ok: false, error }));

test("metadata: a time without a zone is no time", () => {
  const at = (text: string): number | undefined =>
    read(recording(`<session session_id="S"><start-time>${text}</start-time></session>`)).sessions[0]?.startedAt;
  assert.equal(at("2024-05-01T10:00:00"), undefined);
  assert.equal(at("2024-05-01T10:00:00.5Z"), Date.UTC(2024, 4, 1, 10, 0, 0, 500));
  assert.equal(at("2024-05-01T10:00:00+0200"), Date.UTC(2024, 4, 1, 8));
  assert.equal(at("yesterday"), undefined);
});

test("metadata: more than is looked at is left out and said", () => {
  const many = Array.from({ length: 100 }, (_, i) => `<participant participant_id="P${i}"/>`).join("");
  const result = readMetadata(Buffer.from(recording(many)));
  assert.ok(result.ok);
  assert.equal(result.value.metadata.participants.length, METADATA_LIMITS.participants);
  assert.deepEqual(result.value.warnings, ["too-many"]);
});

test("sipSessionID: a Session-ID of two halves, one half of zeros, or a Call-ID", () => {
  const half = "0123456789abcdef0123456789abcdef";
  assert.deepEqual(readSipSessionId(`${half};remote=${"0".repeat(32)}`), [{ kind: "session-id", value: half }]);
  assert.deepEqual(
    readSipSessionId(`${half.toUpperCase()};remote=${half.replace("0", "f")}`).map(({ value }) => value),
    [half, half.replace("0", "f")],
  );
  assert.deepEqual(readSipSessionId("abc@192.0.2.1"), [{ kind: "call-id", value: "abc@192.0.2.1" }]);
  assert.deepEqual(readSipSessionId("  "), []);
});

const FIRST = read(new TextDecoder().decode(writeMetadata(written)));

test("partial: who joins is added, who leaves is told, the rest stays", () => {
  const change = read(
    recording(
      `<participant participant_id="P3"><nameID aor="sip:+12025550150@192.0.2.3"/></participant>
       <participantsessionassoc participant_id="P2" session_id="S1"><disassociate-time>2024-05-01T10:05:00Z</disassociate-time></participantsessionassoc>
       <participantstreamassoc participant_id="P3"><send>T2</send></participantstreamassoc>`,
      "partial",
    ),
  );
  const { metadata, warnings } = mergeMetadata(FIRST, change);
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    metadata.participants.map(({ id, aor, left }) => [id, aor, left]),
    [
      ["P1", "sip:+12025550101@192.0.2.1", false],
      ["P2", "sip:+12025550199@192.0.2.2", true],
      ["P3", "sip:+12025550150@192.0.2.3", false],
    ],
  );
  const parties = recordedParties(metadata, ["1", "2"]);
  assert.deepEqual(parties.sides, ["caller", "called"]);
  assert.equal(parties.called?.aor, "sip:+12025550150@192.0.2.3");
});

test("partial: a stream that somebody stops sending on loses him", () => {
  const change = read(
    recording(
      `<participantstreamassoc participant_id="P1"><send>T1</send><disassociate-time>2024-05-01T10:05:00Z</disassociate-time></participantstreamassoc>`,
      "partial",
    ),
  );
  assert.deepEqual(mergeMetadata(FIRST, change).metadata.participants[0]?.sends, []);
});

test("partial: the first document of all is said to be a part", () => {
  assert.deepEqual(mergeMetadata(undefined, { ...FIRST, mode: "partial" }).warnings, ["partial-first"]);
});

test("complete: a later one replaces people and streams, and keeps the names of the call", () => {
  const later = read(recording(`<participant participant_id="P9"><nameID aor="sip:9@192.0.2.9"/></participant>`));
  const { metadata } = mergeMetadata(FIRST, later);
  assert.deepEqual(
    metadata.participants.map(({ id }) => id),
    ["P9"],
  );
  assert.ok(metadata.identifiers.some(({ kind, value }) => kind === "call-id" && value === "leg-a@192.0.2.1"));
});

test("partial: changes without end grow nothing beyond the limits", () => {
  let metadata = FIRST;
  for (let i = 0; i < 1_000; i++) {
    const change = read(
      recording(
        `<session session_id="S${i}x"><sipSessionID>id-${i}</sipSessionID></session><participant participant_id="P${i}x"/><stream stream_id="T${i}x"><label>1</label></stream>`,
        "partial",
      ),
    );
    metadata = mergeMetadata(metadata, change).metadata;
  }
  assert.equal(metadata.participants.length, METADATA_LIMITS.participants);
  assert.equal(metadata.streams.length, METADATA_LIMITS.streams);
  assert.equal(metadata.sessions.length, METADATA_LIMITS.sessions);
  assert.equal(metadata.identifiers.length, METADATA_LIMITS.identifiers);
  assert.equal(metadata.participants.at(-1)?.id, "P999x");
});
