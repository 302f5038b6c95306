import assert from "node:assert/strict";
import { test } from "node:test";
import { AgiRequestReader, type AgiRequest } from "../../../../gateway/adapters/asterisk-agi/agi-request.js";
import { replyTo, type AgiScriptDeps } from "../../../../gateway/adapters/asterisk-agi/agi-scripts.js";
import { callerProof } from "../../../../gateway/adapters/asterisk-agi/caller-proof.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import type { AnnouncedStream } from "../../../../gateway/ports/announced-media.js";
import type { AskedCall, EndedCall } from "../../../../gateway/ports/call-verdict.js";
import { agiEnvironment } from "../../../support/agi-peer.js";

function requestOf(
  script: string,
  fields: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): AgiRequest {
  const read = new AgiRequestReader().push(Buffer.from(agiEnvironment(script, fields, args)));
  assert.ok(read.ok && read.value !== undefined);
  return read.value.request;
}

function scriptBench(media?: AgiScriptDeps["media"]) {
  const asked: AskedCall[] = [];
  const ended: EndedCall[] = [];
  const deps: AgiScriptDeps = {
    verdicts: {
      ask: (call) => {
        asked.push(call);
        return { callId: call.callId, verdict: "warn", score: 0.456, reason: "identity" };
      },
      ended: (call) => ended.push(call),
    },
    serverOf: (named) => ({ id: named ?? "asterisk", ...(named === "pbx2" ? { trunk: "of-pbx2" } : {}) }),
    ...(media === undefined ? {} : { media }),
  };
  const reply = (script: string, fields?: Readonly<Record<string, string>>, args?: readonly string[]) =>
    replyTo(requestOf(script, fields, args), "127.0.0.1", deps);
  return { asked, ended, reply };
}

const plain = {
  callId: "asterisk;1700000000.1",
  caller: "+13035550100",
  called: "+12025550140",
  server: "asterisk",
  withheld: false,
};
const asks: readonly (readonly [
  name: string,
  script: string,
  fields: Record<string, string>,
  args: readonly string[],
  expected: AskedCall,
])[] = [
  ["what Asterisk says by itself", "check", {}, [], plain],
  ["slashes around the name", "/check/", {}, [], plain],
  [
    "options in the query",
    "check?server=pbx1&called=%2B44",
    {},
    [],
    { ...plain, callId: "pbx1;1700000000.1", server: "pbx1", called: "+44" },
  ],
  ["options as arguments", "check?trunk=a", {}, ["KNOWN=yes"], { ...plain, trunk: "a", known: true }],
  [
    "an argument that the query has, empty or not: it may have been smuggled in",
    "check?trunk=a&known=",
    {},
    ["trunk=b", "known=yes"],
    { ...plain, trunk: "a" },
  ],
  ["arguments where the query says that there are none", "check?arguments=no", {}, ["callid=x", "caller=1"], plain],
  [
    "control characters, and bytes that are no text",
    "check?caller=%2B1%0A303%7F5550100&called=%2B12025550140%ff%0d",
    {},
    [],
    { ...plain, called: "+12025550140\ufffd" },
  ],
  [
    "the trunk of the server",
    "check?server=pbx2",
    {},
    [],
    { ...plain, callId: "pbx2;1700000000.1", server: "pbx2", trunk: "of-pbx2" },
  ],
  ["unset variables of the dialplan", "check?server=&trunk=&called=&identity=&attestation=", {}, ["known=", ""], plain],
  ["a caller that Asterisk does not know", "check", { callerid: "unknown" }, [], { ...plain, caller: "" }],
  ["a withheld number, by presentation", "check", { callingpres: "35" }, [], { ...plain, withheld: true }],
  ["a withheld number, by word", "check?presentation=prohib_passed_screen", {}, [], { ...plain, withheld: true }],
  ["an unavailable number is not a withheld one", "check", { callingpres: "67" }, [], plain],
  ["no dialled number: the extension", "check", { dnid: "unknown", extension: "200" }, [], { ...plain, called: "200" }],
  ["another channel's id", "check?uniqueid=1.2", {}, [], { ...plain, callId: "asterisk;1.2" }],
  ["an id that was told before", "check?callid=pbx9%3B1.2", {}, [], { ...plain, callId: "pbx9;1.2" }],
  ["the hop's call", "check", {}, ["sipcallid=a@b"], { ...plain, sipCallId: "a@b" }],
  ["and its mark", "check", {}, ["sipcallid=a@b", "leg=0f1e"], { ...plain, sipCallId: "a@b", legMark: "0f1e" }],
  [
    "a signature",
    "check?identity=success&attestation=B",
    {},
    [],
    { ...plain, proof: { signature: "valid", attestation: "B" } },
  ],
  ["a broken escape is taken as it is", "check?called=%zz", {}, [], { ...plain, called: "%zz" }],
];
for (const [name, script, fields, args, expected] of asks) {
  test(`agi check: ${name}`, () => {
    const { asked, reply } = scriptBench();
    const { outcome, commands } = reply(script, fields, args);
    assert.equal(outcome, "answered");
    assert.deepEqual(asked, [expected]);
    assert.deepEqual(commands, [
      `SET VARIABLE RINGFENCE_CALL_ID "${expected.callId}"`,
      'SET VARIABLE RINGFENCE_SCORE "0.46"',
      'SET VARIABLE RINGFENCE_REASON "identity"',
      'SET VARIABLE RINGFENCE_VERDICT "warn"',
    ]);
  });
}

test("agi check: the language is handed back, options that nobody reads are named", () => {
  const { reply } = scriptBench();
  const { commands, unread } = reply("check?language=de&trnk=x&colour=red");
  assert.equal(commands[0], 'SET VARIABLE RINGFENCE_LANGUAGE "de"');
  assert.deepEqual(unread, ["trnk", "colour"]);
});

test("agi check: without a unique id nobody is asked and the call is let through", () => {
  for (const uniqueid of ["", "x".repeat(150)]) {
    const { asked, reply } = scriptBench();
    const { outcome, commands } = reply("check", { uniqueid });
    assert.deepEqual([outcome, asked.length], ["unavailable", 0]);
    assert.ok(commands.includes('SET VARIABLE RINGFENCE_VERDICT "allow"'));
    assert.ok(commands.includes('SET VARIABLE RINGFENCE_REASON "unavailable"'));
  }
});

const reports: readonly (readonly [name: string, script: string, expected: EndedCall])[] = [
  [
    "with its facts",
    "report?cause=16&seconds=30&talkseconds=25",
    { callId: "asterisk;1700000000.1", cause: 16, durationMs: 30_000, talkedMs: 25_000 },
  ],
  ["of the id that check gave", "report?callid=pbx1%3B7.7", { callId: "pbx1;7.7" }],
  [
    "never answered, no cause",
    "report?cause=0&seconds=3&talkseconds=0",
    { callId: "asterisk;1700000000.1", durationMs: 3_000, talkedMs: 0 },
  ],
  ["with nonsense", "report?cause=999&seconds=-1&talkseconds=1e9", { callId: "asterisk;1700000000.1" }],
];
for (const [name, script, expected] of reports) {
  test(`agi report: ${name}`, () => {
    const { ended, reply } = scriptBench();
    const { commands } = reply(script);
    assert.deepEqual([ended, commands], [[expected], []]);
  });
}

const UUID = "40325ec2-5efd-4bd3-805f-53576e581d13";
test("agi listen: the audio is announced with who speaks to whom, and the dialplan is told so", () => {
  const announced: (readonly [string, AnnouncedStream])[] = [];
  const { reply } = scriptBench({ announce: (id, stream) => (announced.push([id, stream]), {} as never) });
  const { commands } = reply(`listen?uuid=${UUID}&speaker=callee&language=de_DE&codec=alaw&trunk=north`);
  assert.deepEqual(commands, ['SET VARIABLE RINGFENCE_LISTENING "yes"']);
  const { callId, caller, called } = plain;
  const stream = { callId, caller, called, speaker: "callee", trunk: "north", language: "de", codec: "alaw" };
  assert.deepEqual(announced, [[UUID, stream]]);
});

test("agi listen: where nobody takes the audio the dialplan is told so", () => {
  const full = {
    announce: () => {
      throw new GatewayError("media.full", "x");
    },
  };
  for (const [media, script] of [
    [undefined, `listen?uuid=${UUID}`],
    [full, `listen?uuid=${UUID}`],
    [full, "listen"],
  ] as const) {
    const { commands, outcome } = scriptBench(media).reply(script);
    assert.deepEqual([commands, outcome], [['SET VARIABLE RINGFENCE_LISTENING "no"'], "unavailable"]);
  }
});

test("agi: another script is refused with a word in Asterisk's console", () => {
  const { commands, outcome, script } = scriptBench().reply('nosuch"\n');
  assert.deepEqual([outcome, script], ["unknown-script", "other"]);
  assert.match(commands[0] ?? "", /^VERBOSE "ringfence: no such AGI script nosuch\\".*" 1$/);
});

const proofs: readonly (readonly [
  verified: string | undefined,
  attest: string | undefined,
  expected: string | undefined,
])[] = [
  [undefined, "A", undefined],
  ["success", "A", "valid A"],
  ["Verification passed", "b", "valid B"],
  ["TN-Validation-Passed-C", undefined, "valid C"],
  ["TN-Validation-Passed", undefined, "valid"],
  ["TN-Validation-Failed", "A", "invalid"],
  ["signature_validation", "A", "invalid"],
  ["cid_orig_tn_mismatch", undefined, "invalid"],
  ["No-TN-Validation", undefined, "absent"],
  ["missing_identity_hdr", undefined, "absent"],
  ["absent", undefined, "absent"],
  ["internal_error", undefined, "unknown"],
  ["success", "Z", "valid"],
];
for (const [verified, attest, expected] of proofs) {
  test(`caller proof: ${verified ?? "nothing"} / ${attest ?? "nothing"} is ${expected ?? "nothing"}`, () => {
    const proof = callerProof(verified, attest);
    assert.equal(proof && [proof.signature, proof.attestation].filter(Boolean).join(" "), expected);
  });
}
