import assert from "node:assert/strict";
import { test } from "node:test";
import { NumberPlan, type CdrOrigin } from "../../../../detection/index.js";
import type { Admission } from "../../../../gateway/call/contracts.js";
import { identifyCall } from "../../../../gateway/call/identify-call.js";
import { CallOrigins } from "../../../../gateway/call/origin/call-origins.js";
import { TrunkTable } from "../../../../gateway/call/trunks.js";
import type { HeaderEntries, SipTarget } from "../../../../gateway/ports/sip-endpoint.js";
import { B2buaBench } from "../../../support/b2bua-bench.js";
import { plainNumbers, trunkSettings } from "../../../support/call-doubles.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { SOURCE, type FakeDialog } from "../../../support/fake-sip-endpoint.js";

const [ALICE, BOB, CAROL] = ["+12025550101", "+12025550199", "+12025550103"];
const uri = (number: string): string => `sip:${number}@192.0.2.1`;
const from = (number: string, tag = "x"): HeaderEntries[number] => ["From", `<sip:${number}@h>;tag=${tag}`];
const TRUNK: HeaderEntries[number] = ["X-Trunk", "south"];

/** Calls come by `north`, or by the trunk that X-Trunk names. */
function scene(trusted: readonly string[] = [], numbers = plainNumbers) {
  const clock = new FakeClock();
  const table = TrunkTable.of({
    trunks: ["north", "south"].map((id) => trunkSettings(id, { trusted: trusted.includes(id), numbers })),
    defaultTrunk: trunkSettings("default"),
    trustedHops: [],
    unknownSources: "accept",
  });
  assert.ok(table.ok);
  const admit: Admission["admit"] = (request) => {
    const trunk = table.value.named(request.headers.get("x-trunk") ?? "north");
    assert.ok(trunk !== undefined);
    return { ok: true, identity: identifyCall(request, trunk), trunk: trunk.policy };
  };
  const origins = new CallOrigins({ trunks: () => table.value, clock });
  const bench = new B2buaBench({ clock, refuse: { admit }, deps: { origins } });
  const originOf = (headers: HeaderEntries, to = CAROL): CdrOrigin | undefined => {
    bench.invite(headers, "offer", uri(to));
    const { origin } = bench.call;
    return origin;
  };
  return { bench, clock, originOf };
}

/** @param status What the one who is referred answers. */
function refer(asks: FakeDialog, asked: FakeDialog, referTo: string, status = 202): void {
  asks.receive("REFER", { headers: [["Refer-To", `<${referTo}>`]] });
  asked.last("REFER").final(status);
}

const replaces = ({ callId, localTag, remoteTag }: FakeDialog): string =>
  `${callId};to-tag=${localTag};from-tag=${remoteTag}`;

test("a blind transfer by the called side: the caller's next call to there is its second leg", () => {
  const { bench, originOf } = scene();
  const { a, b } = bench.answered();
  refer(b, a, uri(CAROL));
  assert.deepEqual(originOf([from(ALICE)]), {
    transfer: "call1@caller.example",
    forwarded: { kind: "transfer", by: BOB },
  });
  assert.equal(originOf([from(ALICE)]), undefined, "and the one after is a call of its own");
  bench.out.final(486);
  bench.invite([from(ALICE), ["Call-ID", "call2@caller.example"]], "offer", uri(CAROL));
  assert.equal(bench.call.origin?.transfer, "call1@caller.example", "challenged, it comes again with its Call-ID");
});

test("its Cdr has the origin", () => {
  const { bench, originOf } = scene();
  const { a, b } = bench.answered();
  refer(b, a, uri(CAROL));
  originOf([from(ALICE)]);
  bench.out.final(486);
  assert.deepEqual(bench.cdr.origin, { transfer: "call1@caller.example", forwarded: { kind: "transfer", by: BOB } });
});

const strangers: readonly { name: string; headers: HeaderEntries; to?: string; status?: number; waitMs?: number }[] = [
  { name: "another caller", headers: [from("+12025550177")] },
  { name: "the same number by another trunk", headers: [from(ALICE), TRUNK] },
  { name: "another called number", headers: [from(ALICE)], to: "+12025550188" },
  { name: "who did not want to", headers: [from(ALICE)], status: 603 },
  { name: "a minute later", headers: [from(ALICE)], waitMs: 60_000 },
];
for (const { name, headers, to, status, waitMs = 0 } of strangers) {
  test(`a transfer is not joined by ${name}`, () => {
    const { bench, clock, originOf } = scene();
    const { a, b } = bench.answered();
    refer(b, a, uri(CAROL), status);
    clock.advance(waitMs);
    assert.equal(originOf(headers, to), undefined);
  });
}

test("a transfer by the caller: the called side's call comes from where its leg is, by whatever trunk and as either party", () => {
  const at = (address: string): SipTarget => ({ protocol: "udp", address, port: 5060 });
  for (const [address, caller, transfer] of [
    [SOURCE.address, BOB, "call1@caller.example"],
    [SOURCE.address, ALICE, "call1@caller.example"],
    [SOURCE.address, "+12025550177", undefined],
    ["192.0.2.77", BOB, undefined],
  ] as const) {
    const { bench, originOf } = scene();
    const { a, b } = bench.answered();
    b.lastTarget = at(address);
    refer(a, b, uri(CAROL));
    const origin = originOf([from(caller), TRUNK]);
    assert.equal(origin?.transfer, transfer, `${caller} from ${address}`);
    if (origin !== undefined) assert.equal(origin.forwarded?.by, ALICE);
  }
});

for (const target of [`${CAROL}x12`, "2025550103", `${CAROL}%2C%2C77`])
  test(`a transfer to ${target} leads to a call of that number, however it is written there`, () => {
    for (const dialled of [CAROL, target]) {
      const { bench, originOf } = scene([], new NumberPlan({ region: "US" }));
      const { a, b } = bench.answered();
      refer(b, a, uri(target));
      assert.equal(originOf([from(ALICE)], dialled)?.transfer, "call1@caller.example", dialled);
    }
  });

test("an attended transfer: the new call is of the one in which the REFER came, and replaces the other", () => {
  const { bench, originOf } = scene();
  const first = bench.answered();
  const second = bench.answered([from("+12025550144"), ["Call-ID", "second"]], "carol");
  const seen = replaces(second.a);
  refer(first.b, first.a, `${uri(CAROL)}?Replaces=${encodeURIComponent(seen)}`);
  const mapped = /Replaces=([^>&]+)/.exec(String(first.a.last("REFER").request.headers.get("refer-to")))?.[1] ?? "";
  assert.notEqual(decodeURIComponent(mapped), seen, "the one who is referred learns of the dialog behind us");
  const origin = originOf([from(ALICE), ["Replaces", decodeURIComponent(mapped)]], "+12025550166");
  assert.deepEqual(origin, {
    transfer: "call1@caller.example",
    related: "second",
    forwarded: { kind: "transfer", by: BOB },
  });
});

test("Replaces alone links to the call that it names; Join and Target-Dialog to one that is related", () => {
  const { bench, originOf } = scene();
  const { b } = bench.answered();
  const other = [from("+12025550144"), TRUNK];
  assert.deepEqual(originOf([...other, ["Replaces", replaces(b)]]), { transfer: "call1@caller.example" });
  assert.deepEqual(originOf([...other, ["Join", replaces(b)]]), { related: "call1@caller.example" });
  const target = `${b.callId};remote-tag=${b.localTag};local-tag=${b.remoteTag}`;
  assert.deepEqual(originOf([...other, ["Target-Dialog", target]]), { related: "call1@caller.example" });
});

test("who knows a Call-ID and not both tags joins nothing", () => {
  const { bench, originOf } = scene();
  const { a, b } = bench.answered();
  for (const value of [
    "call1@caller.example",
    `${b.callId};to-tag=${b.localTag}`,
    `${a.callId};to-tag=${a.localTag};from-tag=guess`,
    `${b.callId};to-tag=;from-tag=`,
    ";;;",
  ])
    assert.equal(originOf([from("+12025550144"), ["Replaces", value]]), undefined, value);
});

test("a call that is over is replaced by nobody", () => {
  const { bench, originOf } = scene();
  const { a, b } = bench.answered();
  const value = replaces(b);
  a.receive("BYE");
  b.last("BYE").final(200);
  assert.equal(originOf([from("+12025550144"), ["Replaces", value]]), undefined);
});

test("a call that was sent on is believed to a trusted trunk only, and joins the live call of the same two", () => {
  const diverted: HeaderEntries = [from(ALICE), TRUNK, ["Diversion", `<${uri(BOB)}>;reason=user-busy`]];
  const believed = scene(["south"]);
  believed.bench.invite();
  assert.deepEqual(believed.originOf(diverted), {
    related: "call1@caller.example",
    forwarded: { kind: "busy", by: BOB },
  });
  const another = [from("+12025550144"), TRUNK, ["Diversion", `<${uri(BOB)}>;reason=user-busy`]] as const;
  assert.deepEqual(believed.originOf(another), { forwarded: { kind: "busy", by: BOB } }, "another caller's");
  const doubted = scene();
  doubted.bench.invite();
  assert.equal(doubted.originOf(diverted), undefined);
});

test("Referred-By of a trusted trunk: who transfers may have called or have been called", () => {
  for (const [caller, by] of [
    [ALICE, BOB],
    [BOB, ALICE],
  ] as const) {
    const { bench, originOf } = scene(["south"]);
    bench.answered();
    assert.deepEqual(originOf([from(caller), TRUNK, ["Referred-By", `<${uri(by)}>`]]), {
      transfer: "call1@caller.example",
      forwarded: { kind: "transfer", by },
    });
  }
});

test("callers without a number are not told apart, so their calls are not joined", () => {
  const { bench, originOf } = scene(["north"]);
  bench.invite([["From", "<sip:anonymous@anonymous.invalid>;tag=1"]]);
  const origin = originOf([
    ["From", "<sip:anonymous@anonymous.invalid>;tag=2"],
    ["Diversion", `<${uri(BOB)}>`],
  ]);
  assert.deepEqual(origin, { forwarded: { kind: "unknown", by: BOB } });
});

test("calls that are over leave nothing behind", () => {
  const { bench, originOf } = scene(["south"]);
  bench.invite();
  bench.out.final(486);
  assert.deepEqual(originOf([from(ALICE), TRUNK, ["Diversion", `<${uri(BOB)}>`]]), {
    forwarded: { kind: "unknown", by: BOB },
  });
});
