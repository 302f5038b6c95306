import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeaderEntries } from "../../../../gateway/ports/sip-endpoint.js";
import { parseIdentity } from "../../../../gateway/sip/identity/identity-header.js";
import { readPassport } from "../../../../gateway/sip/identity/passport.js";
import { B2buaBench, type BenchSettings } from "../../../support/b2bua-bench.js";
import { headerOf } from "../../../support/fake-sip-endpoint.js";
import { identityScene, settled, SIGNS, type IdentitySceneSettings } from "../../../support/identity-scene.js";
import { divIdentity, shakenIdentity } from "../../../support/shaken.js";

const THIRD = "13035550155";

function scene(settings: IdentitySceneSettings = {}, bench: BenchSettings = {}) {
  const b2bua = new B2buaBench(bench);
  const gate = identityScene(b2bua.b2bua, b2bua.clock, settings);
  void b2bua.endpoint.start(gate.gate);
  const signed = (wish = {}): HeaderEntries => [["Identity", shakenIdentity(gate.signer.key, gate.iat(), wish)]];
  const passed = (): Promise<void> => settled(() => b2bua.endpoint.invites.length > 0);
  return { bench: b2bua, ...gate, signed, passed };
}

/** Header values of that name in the INVITE that left. */
const sent = (bench: B2buaBench, name: string): string[] =>
  (bench.out.spec.headers ?? [])
    .filter(([each]) => each.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);

test("a good signature: the call goes on with its risk, its CDR and its metrics saying so", async () => {
  const { bench, signed, passed, metrics, gate } = scene();
  bench.invite(signed());
  assert.equal(bench.endpoint.invites.length, 0, "it waits");
  await passed();
  assert.equal(bench.call.signedIdentity?.verdict, "verified");
  assert.equal(bench.call.risk, 0);
  assert.equal(sent(bench, "Identity").length, 1, "the header passes untouched");
  bench.out.final(486);
  const { verdict, attest, origid } = bench.cdr.identity ?? {};
  assert.deepEqual([verdict, attest, typeof origid], ["verified", "A", "string"]);
  assert.equal(metrics.get("ringfence_identity_verdicts_total{verified,A}"), 1);
  assert.equal(gate.waiting, 0);
});

test("a trunk that does not verify passes in the same turn, with its header, and nobody asks for certificates", () => {
  const { bench, signed, certificates } = scene({ identity: null });
  bench.invite(signed());
  assert.equal(bench.endpoint.invites.length, 1);
  assert.equal(bench.call.signedIdentity, undefined);
  assert.deepEqual([sent(bench, "Identity").length, certificates.asked.length], [1, 0]);
});

test("a call without signature passes in the same turn and is absent", () => {
  const { bench } = scene();
  bench.invite();
  assert.equal(bench.endpoint.invites.length, 1);
  assert.deepEqual(bench.call.signedIdentity, { verdict: "absent" });
  assert.equal(bench.call.risk, 0.1);
});

test("an emergency call never waits, whatever it carries", () => {
  const { bench, signed } = scene({ identity: { onFailure: "refuse", onAbsent: "refuse" } }, { emergency: true });
  bench.invite(signed(), "offer", "sip:911@192.0.2.1");
  assert.equal(bench.endpoint.invites.length, 1);
});

test("certificates that do not come in time: the call goes on unverified after budgetMs, also where failures are refused", async () => {
  const { bench, signed, certificates, metrics, gate } = scene({ identity: { onFailure: "refuse" } });
  certificates.holds = true;
  bench.invite(signed());
  bench.clock.advance(499);
  assert.deepEqual([bench.endpoint.invites.length, gate.waiting], [0, 1]);
  bench.clock.advance(1);
  assert.equal(bench.endpoint.invites.length, 1);
  assert.deepEqual(bench.call.signedIdentity, { verdict: "unverified", reason: "time-out" });
  certificates.release();
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(bench.endpoint.invites.length, 1, "what comes late changes nothing");
  assert.equal(metrics.get("ringfence_identity_failures_total{time-out}"), 1);
});

test("CANCEL while it waits: 487, and the B2BUA never hears of it", async () => {
  const { bench, signed, certificates, metrics } = scene();
  certificates.holds = true;
  const invite = bench.invite(signed());
  invite.cancel();
  assert.deepEqual(invite.statuses, [487]);
  certificates.release();
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  bench.clock.advance(1_000);
  assert.deepEqual([bench.endpoint.invites.length, bench.log.length, invite.statuses], [0, 0, [487]]);
  assert.equal(metrics.get("ringfence_identity_cancelled_total"), 1);
});

test("a caller who is gone while it waits", () => {
  const { bench, signed, certificates, gate } = scene();
  certificates.holds = true;
  const invite = bench.invite(signed());
  invite.onGone?.();
  certificates.release();
  bench.clock.advance(1_000);
  assert.deepEqual([bench.endpoint.invites.length, invite.statuses, gate.waiting], [0, [], 0]);
});

test("CANCEL after the wait is the call's", async () => {
  const { bench, signed, passed } = scene();
  const invite = bench.invite(signed());
  await passed();
  bench.out.provisional(180, { tag: "bob" });
  invite.cancel();
  assert.equal(bench.out.isCancelled, true);
});

test("more calls than may wait go on unverified", () => {
  const { bench, signed, certificates } = scene({ options: { maxWaiting: 2 } });
  certificates.holds = true;
  for (let i = 0; i < 3; i++) bench.invite(signed());
  assert.equal(bench.endpoint.invites.length, 1);
  assert.deepEqual(bench.call.signedIdentity, { verdict: "unverified", reason: "busy" });
});

test("at the end what waits gets 503", () => {
  const { bench, signed, certificates, gate } = scene();
  certificates.holds = true;
  const invite = bench.invite(signed());
  gate.close();
  gate.close();
  bench.clock.advance(1_000);
  assert.deepEqual([invite.statuses, bench.endpoint.invites.length], [[503], 0]);
});

const refusals: readonly { name: string; headers: (s: ReturnType<typeof scene>) => HeaderEntries; is: string }[] = [
  { name: "stale", headers: (s) => [["Identity", shakenIdentity(s.signer.key, s.iat() - 120)]], is: "403 Stale Date" },
  { name: "absent", headers: () => [], is: "428 Use Identity Header" },
  { name: "unreachable", headers: (s) => s.signed({ x5u: "https://x.example/y" }), is: "436 Bad Identity Info" },
  {
    name: "a forged number",
    headers: (s) => s.signed({ payload: { orig: { tn: THIRD } } }),
    is: "438 Invalid Identity Header",
  },
  { name: "rubbish", headers: () => [["Identity", "x"]], is: "438 Invalid Identity Header" },
];
for (const { name, headers, is } of refusals) {
  test(`onFailure and onAbsent refuse: ${name}: ${is}; by default it passes`, async () => {
    const strict = scene({ identity: { onFailure: "refuse", onAbsent: "refuse" } });
    const invite = strict.bench.invite(headers(strict));
    await settled(() => invite.final !== undefined);
    assert.equal(`${invite.final?.status} ${invite.final?.reason}`, is);
    assert.equal(strict.bench.endpoint.invites.length, 0);
    const lenient = scene();
    lenient.bench.invite(headers(lenient));
    await lenient.passed();
    assert.equal(lenient.bench.endpoint.invites.length, 1);
  });
}

test("a failed signature is suspicious", async () => {
  const { bench, signed, passed } = scene();
  bench.invite(signed({ payload: { dest: { tn: [THIRD] } } }));
  await passed();
  assert.deepEqual(bench.call.signedIdentity, { verdict: "failed", reason: "dest" });
  assert.equal(bench.call.risk, 0.5);
});

test("verstat goes into From and P-Asserted-Identity where it is wanted, and says what was found", async () => {
  const pai: HeaderEntries = [["P-Asserted-Identity", "<sip:+12025550101@h>, <tel:+12025550101>"]];
  for (const [where, from, asserted] of [
    ["from", true, false],
    ["pai", false, true],
    ["both", true, true],
  ] as const) {
    const { bench, signed, passed } = scene({ identity: { verstat: where, header: true } });
    bench.invite([...signed(), ...pai]);
    await passed();
    assert.equal(bench.out.spec.from?.includes(";verstat=TN-Validation-Passed@"), from, where);
    const [value = ""] = sent(bench, "P-Asserted-Identity");
    assert.equal(value.split("verstat=TN-Validation-Passed").length - 1, asserted ? 2 : 0, where);
    assert.match(sent(bench, "X-Ringfence-Identity")[0] ?? "", /^verified;attest=A;origid=123e4567-/);
  }
  const { bench } = scene({ identity: { verstat: "from", header: true } });
  bench.invite();
  assert.match(bench.out.spec.from ?? "", /verstat=No-TN-Validation/);
  assert.deepEqual(sent(bench, "X-Ringfence-Identity"), ["absent"]);
});

test("a stranger's verstat is taken away, also from calls that nobody verifies; a trusted trunk's stays", () => {
  const forged: HeaderEntries = [
    ["From", "<sip:+12025550101;verstat=TN-Validation-Passed@h;user=phone>;tag=a1"],
    ["P-Asserted-Identity", "<tel:+12025550101;verstat=TN-Validation-Passed>"],
    ["X-Ringfence-Identity", "verified;attest=A"],
  ];
  for (const identity of [null, {}]) {
    const { bench } = scene({ identity });
    bench.invite(forged);
    assert.equal(bench.out.spec.from, "<sip:+12025550101@h;user=phone>");
    assert.deepEqual(sent(bench, "P-Asserted-Identity"), ["<tel:+12025550101>"]);
    assert.deepEqual(sent(bench, "X-Ringfence-Identity"), []);
  }
  const { bench } = scene({ identity: null, trunk: { trusted: true } });
  bench.invite(forged);
  assert.match(bench.out.spec.from ?? "", /verstat=TN-Validation-Passed/);
});

function passportIn(value: string | undefined) {
  const header = parseIdentity(value ?? "");
  assert.ok(header.ok, value);
  const read = readPassport(header.value.token);
  assert.ok(read.ok);
  return read.value;
}

test("own numbers are signed A, others as the trunk says, and the next gate verifies it", async () => {
  const { bench, passed, metrics } = scene({ identity: { sign: SIGNS } });
  bench.invite();
  await passed();
  const [value] = sent(bench, "Identity");
  const { attest, orig, dest, origid } = passportIn(value);
  assert.deepEqual([attest, orig, dest], ["A", { kind: "tn", tn: "12025550101" }, [{ kind: "tn", tn: "12025550199" }]]);
  assert.match(origid ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(sent(bench, "Date")[0] ?? "", /^\w{3}, \d\d \w{3} \d{4} .* GMT$/);
  assert.equal(metrics.get("ringfence_identity_signed_total{shaken,A}"), 1);
  const other = scene({ identity: { sign: { ...SIGNS, origid: "123e4567-e89b-42d3-a456-426655440000" } } });
  other.bench.invite([["From", "<sip:+13035550101@h>;tag=x"]]);
  await other.passed();
  const second = passportIn(sent(other.bench, "Identity")[0]);
  assert.deepEqual([second.attest, second.origid], ["C", "123e4567-e89b-42d3-a456-426655440000"]);
});

const unsigned: readonly { name: string; headers: HeaderEntries; uri?: string; others?: "none" }[] = [
  { name: "a caller without number", headers: [["From", "<sip:alice@h>;tag=x"]] },
  { name: "an anonymous caller", headers: [["Privacy", "id"]] },
  { name: "a called side without number", headers: [], uri: "sip:bob@192.0.2.1" },
  {
    name: "a foreign number where others are not signed",
    headers: [["From", "<sip:+13035550101@h>;tag=x"]],
    others: "none",
  },
];
for (const { name, headers, uri, others } of unsigned) {
  test(`not signed: ${name}`, () => {
    const { bench } = scene({
      identity: { verify: false, sign: { ...SIGNS, ...(others === undefined ? {} : { others }) } },
    });
    bench.invite(headers, "offer", uri);
    assert.deepEqual([bench.endpoint.invites.length, sent(bench, "Identity").length], [1, 0]);
  });
}

test("what is signed already passes untouched, Date included", async () => {
  const { bench, signed, passed } = scene({ identity: { sign: SIGNS } });
  const date = new Date(bench.clock.unix()).toUTCString();
  const headers: HeaderEntries = [...signed(), ["Date", date]];
  bench.invite(headers);
  await passed();
  assert.deepEqual([sent(bench, "Identity"), sent(bench, "Date")], [[headers[0]?.[1]], [date]]);
});

test("a signed call that was sent on gets a div, and the chain leads to the new number", async () => {
  const { bench, signed, passed } = scene({ identity: { sign: SIGNS }, trunk: { trusted: true } });
  bench.invite(
    [...signed(), ["Diversion", "<sip:+12025550199@h>;reason=no-answer"]],
    "offer",
    `sip:+${THIRD}@192.0.2.1`,
  );
  await passed();
  assert.deepEqual([bench.call.signedIdentity?.verdict, bench.call.signedIdentity?.diverted], ["verified", true]);
  const [, div] = sent(bench, "Identity");
  const passport = passportIn(div);
  assert.deepEqual(
    [passport.ppt, passport.div, passport.dest, passport.orig],
    ["div", { kind: "tn", tn: "12025550199" }, [{ kind: "tn", tn: THIRD }], { kind: "tn", tn: "12025550101" }],
  );
  const again = scene({ identity: { sign: SIGNS } });
  again.bench.invite(
    [
      ["Identity", shakenIdentity(again.signer.key, again.iat())],
      ["Identity", divIdentity(again.signer.key, again.iat(), "12025550199", THIRD)],
    ],
    "offer",
    `sip:+${THIRD}@192.0.2.1`,
  );
  await again.passed();
  assert.equal(sent(again.bench, "Identity").length, 2, "a chain that leads there already is left alone");
});

test("a call that somebody else's number sent on gets no div of ours", async () => {
  const { bench, signed, passed } = scene({
    identity: { sign: { ...SIGNS, ownNumbers: ["+1303"] } },
    trunk: { trusted: true },
  });
  bench.invite([...signed(), ["Diversion", "<sip:+12025550199@h>"]], "offer", `sip:+${THIRD}@192.0.2.1`);
  await passed();
  assert.equal(sent(bench, "Identity").length, 1);
});

test("a call that nobody waits for any more asks for no further certificate", async () => {
  const { bench, signed, certificates } = scene();
  certificates.holds = true;
  bench.invite([...signed({ x5u: "https://x.example/1" }), ...signed({ x5u: "https://x.example/2" })]);
  bench.clock.advance(500);
  assert.equal(bench.endpoint.invites.length, 1);
  certificates.release();
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(certificates.asked, ["https://x.example/1"]);
});

test("a call whose signature failed gets no div: nobody vouches for it", async () => {
  const { bench, passed, signer, iat } = scene({ identity: { sign: SIGNS }, trunk: { trusted: true } });
  const stale = shakenIdentity(signer.key, iat() - 300);
  bench.invite(
    [
      ["Identity", stale],
      ["Diversion", "<sip:+12025550199@h>"],
    ],
    "offer",
    `sip:+${THIRD}@192.0.2.1`,
  );
  await passed();
  assert.deepEqual(sent(bench, "Identity"), [stale]);
});

test("a Date that is far off is replaced when we sign", async () => {
  const { bench, passed } = scene({ identity: { verify: false, sign: SIGNS } });
  bench.invite([["Date", "Sat, 13 Nov 2010 23:29:00 GMT"]]);
  await passed();
  assert.deepEqual(sent(bench, "Date"), [new Date(Math.floor(bench.clock.unix() / 1000) * 1000).toUTCString()]);
});

test("a further hop gets the same", async () => {
  const { bench, signed, passed } = scene({ identity: { verstat: "from" } });
  bench.invite(signed());
  await passed();
  bench.out.final(503);
  assert.equal(bench.endpoint.invites.length, 2);
  assert.match(bench.out.spec.from ?? "", /verstat=TN-Validation-Passed/);
  assert.notEqual(headerOf(bench.out.spec, "Identity"), undefined);
});
