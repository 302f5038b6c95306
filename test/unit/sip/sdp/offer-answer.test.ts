import assert from "node:assert/strict";
import { test } from "node:test";
import { OfferAnswer, type Carrier, type Side } from "../../../../gateway/sip/sdp/offer-answer.js";

/** `> INVITE 1 sdp = offer`: local request; `< 183r INVITE 1 sdp = answer`: remote reliable response. */
interface Step {
  readonly side: Side;
  readonly carrier: Carrier;
  readonly hasSdp: boolean;
  readonly expected: string;
}
function read(line: string): Step {
  const match = /^([<>]) (?:(\d{3})(r?) )?(\w+) (\d+)( sdp)? = ([\w-]+)$/.exec(line);
  assert.ok(match, line);
  const [, arrow, status, reliable, method = "", cseq, sdp, expected = ""] = match;
  const carrier = {
    method,
    cseq: Number(cseq),
    ...(status === undefined ? {} : { status: Number(status), reliable: reliable === "r" }),
  };
  return { side: arrow === ">" ? "local" : "remote", carrier, hasSdp: sdp !== undefined, expected };
}

const EXCHANGES = [
  {
    name: "offer in INVITE, answer in 200",
    steps: ["> INVITE 1 sdp = offer", "< 180 INVITE 1 = none", "< 200 INVITE 1 sdp = answer", "> ACK 1 = none"],
    agreed: true,
  },
  {
    name: "offer in 200, answer in ACK (late offer)",
    steps: ["> INVITE 1 = none", "< 180 INVITE 1 = none", "< 200 INVITE 1 sdp = offer", "> ACK 1 sdp = answer"],
    agreed: true,
  },
  {
    name: "an unreliable 183 previews the answer, the 200 gives it",
    steps: ["> INVITE 1 sdp = offer", "< 183 INVITE 1 sdp = preview", "< 200 INVITE 1 sdp = answer"],
    agreed: true,
  },
  {
    name: "a reliable 183 answers; what the 200 says again is ignored (RFC 3261 §13.2.1)",
    steps: [
      "> INVITE 1 sdp = offer",
      "< 183r INVITE 1 sdp = answer",
      "> PRACK 2 = none",
      "< 200 PRACK 2 = none",
      "< 200 INVITE 1 sdp = repeat",
    ],
    agreed: true,
  },
  {
    name: "offer in a reliable 183, answer in PRACK (RFC 3262 §5)",
    steps: [
      "> INVITE 1 = none",
      "< 183r INVITE 1 sdp = offer",
      "> PRACK 2 sdp = answer",
      "< 200 PRACK 2 = none",
      "< 200 INVITE 1 = none",
      "> ACK 1 = none",
    ],
    agreed: true,
  },
  {
    name: "a second offer in PRACK, answered in its 200",
    steps: [
      "> INVITE 1 sdp = offer",
      "< 183r INVITE 1 sdp = answer",
      "> PRACK 2 sdp = offer",
      "< 200 PRACK 2 sdp = answer",
    ],
    agreed: true,
  },
  {
    name: "UPDATE both ways in an early dialog (RFC 3311)",
    steps: [
      "> INVITE 1 sdp = offer",
      "< 183r INVITE 1 sdp = answer",
      "> UPDATE 3 sdp = offer",
      "< 200 UPDATE 3 sdp = answer",
      "< UPDATE 1 sdp = offer",
      "> 200 UPDATE 1 sdp = answer",
      "< 200 INVITE 1 = none",
    ],
    agreed: true,
  },
  {
    name: "re-INVITE refused with 488: the session stays",
    steps: [
      "> INVITE 1 sdp = offer",
      "< 200 INVITE 1 sdp = answer",
      "< INVITE 9 sdp = offer",
      "> 488 INVITE 9 = rejected",
      "< INVITE 10 sdp = offer",
      "> 200 INVITE 10 sdp = answer",
    ],
    agreed: true,
  },
  {
    name: "glare of two re-INVITEs: each gets 491, only its own offer is closed by it (RFC 3261 §14.1)",
    steps: ["> INVITE 2 sdp = offer", "< INVITE 2 sdp = glare", "> 491 INVITE 2 = none", "< 491 INVITE 2 = rejected"],
    agreed: false,
  },
  {
    name: "UPDATE against an open INVITE offer is glare too (RFC 3311 §5.2)",
    steps: ["> INVITE 1 sdp = offer", "< UPDATE 7 sdp = glare", "> 491 UPDATE 7 = none", "< 200 INVITE 1 sdp = answer"],
    agreed: true,
  },
  {
    name: "a second UPDATE before the first is answered is an overlap, and refusing it leaves the first open",
    steps: [
      "< UPDATE 1 sdp = offer",
      "< UPDATE 2 sdp = overlap",
      "> 500 UPDATE 2 = none",
      "> 200 UPDATE 1 sdp = answer",
    ],
    agreed: true,
  },
  {
    name: "UPDATE and PRACK without a description have nothing to do with it",
    steps: ["< UPDATE 1 = none", "> 200 UPDATE 1 = none", "> PRACK 2 = none", "< 200 PRACK 2 = none"],
    agreed: false,
  },
  {
    name: "a 200 without the answer it owes",
    steps: ["> INVITE 1 sdp = offer", "< 200 INVITE 1 = no-answer"],
    agreed: false,
  },
  {
    name: "an ACK without the answer it owes",
    steps: ["> INVITE 1 = none", "< 200 INVITE 1 sdp = offer", "> ACK 1 = no-answer"],
    agreed: false,
  },
  {
    name: "a refused INVITE closes its offer",
    steps: ["> INVITE 1 sdp = offer", "< 486 INVITE 1 sdp = rejected"],
    agreed: false,
  },
  {
    name: "an INVITE that fails after a reliable offer closes that offer",
    steps: ["> INVITE 1 = none", "< 183r INVITE 1 sdp = offer", "< 480 INVITE 1 = rejected", "> INVITE 2 sdp = offer"],
    agreed: false,
  },
  {
    name: "an unreliable 183 cannot offer",
    steps: ["> INVITE 1 = none", "< 183 INVITE 1 sdp = preview", "< 200 INVITE 1 sdp = offer", "> ACK 1 sdp = answer"],
    agreed: true,
  },
  {
    name: "descriptions in INFO, MESSAGE, BYE are none of this",
    steps: ["> INFO 1 sdp = none", "< MESSAGE 1 sdp = none", "> BYE 2 sdp = none"],
    agreed: false,
  },
  {
    name: "a 200 to a request that offered nothing",
    steps: ["> UPDATE 1 = none", "< 200 UPDATE 1 sdp = repeat", "> ACK 1 sdp = repeat"],
    agreed: false,
  },
] as const;
for (const { name, steps, agreed } of EXCHANGES) {
  test(`offer/answer: ${name}`, () => {
    const machine = new OfferAnswer();
    for (const line of steps) {
      const { side, carrier, hasSdp, expected } = read(line);
      assert.equal(machine.on(side, carrier, hasSdp).kind, expected, line);
    }
    assert.equal(machine.agreed, agreed);
  });
}

test("the open offer's owner is told while it waits", () => {
  const machine = new OfferAnswer();
  assert.equal(machine.openBy, undefined);
  machine.on("remote", { method: "INVITE", cseq: 1 }, true);
  assert.equal(machine.openBy, "remote");
  machine.on("local", { method: "INVITE", cseq: 1, status: 200 }, true);
  assert.equal(machine.openBy, undefined);
});

test("glare and overlap name the RFC's answer", () => {
  const machine = new OfferAnswer();
  machine.on("local", { method: "UPDATE", cseq: 1 }, true);
  assert.deepEqual(machine.on("remote", { method: "UPDATE", cseq: 1 }, true), { kind: "glare", status: 491 });
  assert.deepEqual(machine.on("local", { method: "UPDATE", cseq: 2 }, true), { kind: "overlap", status: 500 });
});
