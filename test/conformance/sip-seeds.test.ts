import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSdp, serializeSdp } from "../../gateway/sip/sdp/parse-sdp.js";
import { parseSipUri } from "../../gateway/sip/message/uri.js";
import { readEverything } from "../support/read-everything.js";
import { formatSipUri } from "../support/write-sip.js";
import { listCases, missingCases, readCase } from "../support/torture-cases.js";

// Messages of other stacks' test suites. No outcome is demanded of each: it is refused with a code, or it reads the same
// after it was written; but most of the ordinary ones must be accepted.

const SUITES = [
  { folder: "sofia-tests", atLeastAccepted: 20 },
  { folder: "pjsip-fuzz-seeds/fuzz-sip_seed_corpus", atLeastAccepted: 8 },
  { folder: "pjsip-fuzz-seeds/fuzz-sip-dialog_seed_corpus", atLeastAccepted: 3 },
] as const;
for (const { folder, atLeastAccepted } of SUITES) {
  test(`${folder}: refused with a code, or the same after writing`, { skip: missingCases(folder) ?? false }, (t) => {
    const outcomes = new Map<string, string[]>();
    for (const path of listCases(folder)) {
      const outcome = readEverything(readCase(path));
      outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), path.slice(folder.length + 1)]);
    }
    for (const [outcome, files] of outcomes) if (outcome !== "accepted") t.diagnostic(`${outcome}: ${files.join(" ")}`);
    assert.ok((outcomes.get("accepted")?.length ?? 0) >= atLeastAccepted, JSON.stringify([...outcomes]));
  });
}

test(
  "pjsip's SDP seeds: refused with a code, or written as they came",
  { skip: missingCases("pjsip-fuzz-seeds") ?? false },
  () => {
    const files = listCases("pjsip-fuzz-seeds").filter((path) => path.endsWith(".sdp"));
    assert.ok(files.length > 10);
    for (const path of files) {
      const text = readCase(path).toString("latin1");
      const result = parseSdp(text);
      if (result.ok) assert.equal(serializeSdp(result.value), text, path);
      else assert.match(result.error.code, /^sdp\./, path);
    }
  },
);

test(
  "pjsip's URI seeds are refused or read the same after they were written",
  { skip: missingCases("pjsip-fuzz-seeds") ?? false },
  () => {
    for (const path of listCases("pjsip-fuzz-seeds/fuzz-uri_seed_corpus")) {
      const text = readCase(path).toString("latin1").trim();
      const uri = parseSipUri(text);
      if (uri !== undefined) assert.deepEqual(parseSipUri(formatSipUri(uri)), uri, path);
    }
  },
);
