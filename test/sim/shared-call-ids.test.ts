// Callers choose their Call-IDs, and may hold several calls under one: what is done to one of them is done to no other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller, callers, Gateway, VICTIM, type Phone } from "../support/attacked-gateway.js";
import { settle } from "../support/call-doubles.js";
import type { FakeIncoming } from "../support/fake-sip-endpoint.js";

const ACCOMPLICE = "+12025550177";
const byeOf = ({ a, b }: Phone) =>
  [a, b].map((dialog) => dialog.sent.filter(({ spec }) => spec.method === "BYE").length);
const isEnded = (phone: Phone): boolean => byeOf(phone).every((byes) => byes === 1);
const isUp = (phone: Phone): boolean => byeOf(phone).every((byes) => byes === 0);

/** Ended by its caller before anybody answers. */
function givenUp(gateway: Gateway, invite: FakeIncoming): void {
  const out = gateway.endpoint.invites.at(-1);
  invite.cancel();
  out?.final(487);
}

test("attack: callers who gave up once and called again under the same Call-ID are ended", () => {
  const gateway = new Gateway();
  const attackers = callers(1, 4).map((each) => {
    givenUp(gateway, gateway.invite(each, { callId: `of-${each}` }));
    return gateway.answered(each, { callId: `of-${each}` });
  });
  gateway.invite(caller(5));
  assert.deepEqual(attackers.map(isEnded), Array(4).fill(true));
});

test("attack: a second call under the same Call-ID that is given up does not hide the first", () => {
  const gateway = new Gateway();
  const attackers = callers(1, 4).map((each) => {
    const phone = gateway.answered(each, { callId: `of-${each}` });
    givenUp(gateway, gateway.invite(each, { callId: `of-${each}` }));
    return phone;
  });
  gateway.invite(caller(5));
  assert.deepEqual(attackers.map(isEnded), Array(4).fill(true));
});

for (const order of ["before", "after"] as const)
  test(`attack: an emergency call under an attacker's Call-ID, begun ${order} it, shields nothing, and is spared`, () => {
    const gateway = new Gateway();
    const emergencies: Phone[] = [];
    const attackers = callers(1, 4).map((each) => {
      const callId = `of-${each}`;
      const emergency = (): void => void emergencies.push(gateway.answered(each, { callId, called: "112" }));
      if (order === "before") emergency();
      const phone = gateway.answered(each, { callId });
      if (order === "after") emergency();
      return phone;
    });
    gateway.invite(caller(5));
    assert.deepEqual([attackers.map(isEnded), emergencies.map(isUp)], [Array(4).fill(true), Array(4).fill(true)]);
  });

test("attack: somebody else's call under an attacker's Call-ID goes on", () => {
  const gateway = new Gateway();
  const honest = gateway.answered(caller(60), { callId: "shared", called: ACCOMPLICE });
  const attackers = callers(1, 4).map((each, i) => gateway.answered(each, i === 0 ? { callId: "shared" } : {}));
  gateway.invite(caller(5));
  assert.deepEqual([attackers.map(isEnded), isUp(honest)], [Array(4).fill(true), true]);
});

test("operators end the call that they name, be there others of its Call-ID", async () => {
  const gateway = new Gateway();
  const phones = [ACCOMPLICE, VICTIM].map((called) => gateway.answered(caller(1), { callId: "shared", called }));
  const listed = await gateway.layer.control.calls(10);
  const victims = listed.find((call) => call.called === VICTIM);
  assert.ok(victims !== undefined && victims.callId !== "shared");
  assert.equal(victims.callId.startsWith("shared"), true);
  const ending = gateway.layer.control.endCalls([victims.callId], "by hand", "key-1");
  assert.deepEqual(phones.map(isEnded), [false, true]);
  for (const dialog of [phones[1]!.a, phones[1]!.b]) dialog.last("BYE").final(200);
  assert.deepEqual(
    (await ending).map(({ callId, outcome }) => [callId, outcome]),
    [[victims.callId, "confirmed"]],
  );
});

test("operators may name a call by its Call-ID alone: where several are up, and none is named so, nothing is ended", async () => {
  const gateway = new Gateway();
  const [first, second, third] = callers(1, 3).map((each, i) =>
    gateway.answered(each, { callId: "shared", called: `+1202555018${i}` }),
  ) as [Phone, Phone, Phone];
  for (const phone of [first, second]) {
    const [result] = await Promise.all([
      gateway.layer.control.endCalls(["shared"], "by hand", "key-1"),
      settle().then(() => {
        if (phone !== first) return;
        for (const dialog of [phone.a, phone.b]) dialog.last("BYE").final(200);
      }),
    ]);
    assert.equal(result[0]?.outcome, phone === first ? "confirmed" : "ambiguous");
  }
  assert.deepEqual([second, third].map(isUp), [true, true]);
  second.a.receive("BYE");
  second.b.last("BYE").final(200);
  await settle();
  void gateway.layer.control.endCalls(["shared"], "by hand", "key-1");
  assert.equal(isEnded(third), true, "it is the only one of that Call-ID now");
});

test("calls of one Call-ID have names of their own, and one that was answered keeps its name when it is over", async () => {
  const gateway = new Gateway();
  const phones = callers(1, 3).map((each) => gateway.answered(each, { callId: "shared" }));
  const names = new Set((await gateway.layer.control.calls(10)).map(({ callId }) => callId));
  assert.equal(names.size, 3);
  for (const { a, b } of phones) {
    a.receive("BYE");
    b.last("BYE").final(200);
  }
  await settle();
  const cdrs = gateway.sink
    .of("cdr")
    .map(({ cdr }) => [names.has(cdr.callId), cdr.callId === "shared", cdr.origin?.related]);
  assert.deepEqual(cdrs, [
    [true, true, undefined],
    [true, false, "shared"],
    [true, false, "shared"],
  ]);
  gateway.answered(caller(4), { callId: "shared" });
  const [again] = await gateway.layer.control.calls(10);
  assert.equal(names.has(again?.callId ?? "shared"), false, "what is kept of the first one is not mixed with it");
});

test("after a restart a call does not take the name under which speech of an earlier one is kept", async () => {
  const gateway = new Gateway({}, ["heard"]);
  for (const callId of ["heard", "not-heard"]) gateway.answered(caller(1), { callId, called: ACCOMPLICE });
  const names = (await gateway.layer.control.calls(10)).map(({ callId }) => callId).sort();
  assert.match(names[0] ?? "", /^heard~/);
  assert.equal(names[1], "not-heard");
});

test("a call that was challenged has the name of its Call-ID when it comes again", async () => {
  const gateway = new Gateway();
  gateway.invite(caller(1), { callId: "challenged" });
  gateway.endpoint.invites.at(-1)?.final(407);
  await settle();
  gateway.answered(caller(1), { callId: "challenged" });
  assert.deepEqual(
    (await gateway.layer.control.calls(10)).map(({ callId }) => callId),
    ["challenged"],
  );
});
