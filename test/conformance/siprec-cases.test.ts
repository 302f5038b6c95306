import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetadata } from "../../gateway/sip/siprec/read-metadata.js";
import { readRecordingBody } from "../../gateway/sip/siprec/recording-body.js";
import { recordedParties, type RecordedSide } from "../../gateway/sip/siprec/recorded-parties.js";
import { readRecordingSdp } from "../../gateway/sip/siprec/recording-sdp.js";
import {
  missingSiprecCases,
  readSiprecCase,
  readSiprecDescriptions,
  readSiprecScenario,
} from "../support/siprec-cases.js";

// Bodies that real recording clients sent: none may be refused, and who speaks where is told as a person would tell it.

const skip = missingSiprecCases() ?? false;
const OPTIONS = { maxLines: 16, knowsSuite: () => false };

interface Case {
  readonly file: string;
  readonly labels: readonly string[];
  readonly sides: readonly RecordedSide[];
  /** User parts; undefined: nobody is named. */
  readonly caller: string | undefined;
  readonly called: string | undefined;
  readonly inactive?: boolean;
}

const both = ["caller", "called"] as const;
const CASES: readonly Case[] = [
  { file: "acme-siprec-offer.txt", labels: ["16777227", "16777228"], sides: both, caller: "9000", called: "1002" },
  { file: "broadworks-offer-2.txt", labels: ["10", "20"], sides: both, caller: "9878942259", called: "ASBCE" },
  // Its metadata has lost all its tags on the way: it is heard all the same.
  { file: "broadworks-offer.txt", labels: ["1"], sides: ["caller"], caller: undefined, called: undefined },
  { file: "cisco-siprec-offer.txt", labels: ["1", "2"], sides: both, caller: "7301", called: "7300" },
  { file: "connectel-offer.txt", labels: ["1", "2"], sides: both, caller: "0771121212", called: "0760516936" },
  { file: "connectel-offer2.txt", labels: ["1", "2"], sides: both, caller: "0771121212", called: "0760516936" },
  { file: "connectel-offer3.txt", labels: ["1", "2"], sides: both, caller: "0771121212", called: "0760516936" },
  {
    file: "inactive-sdp-offer.txt",
    labels: ["1", "2"],
    sides: both,
    caller: "0733165805",
    called: "+972546136443",
    inactive: true,
  },
  { file: "non-siprec-payload.txt", labels: ["1"], sides: ["caller"], caller: undefined, called: undefined },
  {
    file: "procomm-siprec-offer.txt",
    labels: ["a_leg", "b_leg"],
    sides: both,
    caller: "016190200",
    called: "Extension-016190619",
  },
  // Its callData says who called; the associations say that he is on the second line.
  {
    file: "sonus-siprec-offer.txt",
    labels: ["1", "2"],
    sides: ["called", "caller"],
    caller: "2249888500",
    called: "2249888012",
  },
];

for (const expected of CASES) {
  test(`siprec case ${expected.file} is heard and its people are told apart`, { skip }, () => {
    const { contentType, body } = readSiprecCase(expected.file);
    const parts = readRecordingBody(contentType, body);
    const sdp = readRecordingSdp(parts.sdp ?? "", OPTIONS);
    assert.ok(sdp.ok, "no description");
    const { lines } = sdp.value;
    assert.deepEqual(
      lines.map(({ label, refused, inactive }) => [label, refused, inactive]),
      expected.labels.map((label) => [label, undefined, expected.inactive ?? false]),
    );
    const read = parts.metadata === undefined ? undefined : readMetadata(parts.metadata);
    const parties = recordedParties(
      read?.ok === true ? read.value.metadata : undefined,
      lines.map(({ label }) => label),
    );
    assert.deepEqual(parties.sides, expected.sides);
    const user = (aor: string | undefined): string | undefined => aor?.replace(/^sips?:/, "").split("@")[0];
    assert.deepEqual([user(parties.caller?.aor), user(parties.called?.aor)], [expected.caller, expected.called]);
  });
}

test("siprec case: single descriptions are read whole", { skip }, () => {
  for (const file of ["sample-sdps.txt", "sample-sdp2.txt", "sample-sdp3.txt"]) {
    for (const text of readSiprecDescriptions(file)) {
      const sdp = readRecordingSdp(text, OPTIONS);
      assert.ok(sdp.ok, file);
      assert.equal(sdp.value.lines.length, 1);
      assert.equal(sdp.value.lines[0]!.refused, undefined);
    }
  }
});

test("siprec case: every body of the SIPp scenarios is heard", { skip }, () => {
  const bodies = ["uac_siprec_pcap.xml", "uac_siprec_pcap2.xml"].flatMap(readSiprecScenario);
  assert.ok(bodies.length >= 3, `${bodies.length} bodies`);
  for (const { contentType, body } of bodies) {
    const parts = readRecordingBody(contentType, body);
    const sdp = readRecordingSdp(parts.sdp ?? "", OPTIONS);
    assert.ok(sdp.ok);
    assert.deepEqual(
      sdp.value.lines.map(({ label, refused }) => [label, refused]),
      [
        ["a_leg", undefined],
        ["b_leg", undefined],
      ],
    );
    const read = readMetadata(parts.metadata ?? new Uint8Array());
    assert.ok(read.ok);
    assert.equal(read.value.metadata.participants.length, 2);
    // Labels 1 and 2 in the metadata, a_leg and b_leg in the description.
    const parties = recordedParties(read.value.metadata, ["a_leg", "b_leg"]);
    assert.deepEqual(parties.sides, ["caller", "called"]);
    assert.ok(parties.warnings.includes("unknown-label"));
  }
});
