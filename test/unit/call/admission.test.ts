import assert from "node:assert/strict";
import { test } from "node:test";
import { CallAdmission } from "../../../gateway/call/admission.js";
import { DEFAULT_OVERLOAD, OverloadGuard } from "../../../gateway/call/overload-guard.js";
import { DEFAULT_SOURCE_LIMITS, SourceLimits, type SourceLimitOptions } from "../../../gateway/call/source-limits.js";
import { TrunkTable, type TrunkTableOptions } from "../../../gateway/call/trunks.js";
import {
  cdrOf,
  LiveCallDouble,
  LogDouble,
  MetricsDouble,
  RandomDouble,
  inviteRequest,
  sourceAt,
  trunkSettings,
} from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

interface Setup {
  readonly trunks?: Partial<TrunkTableOptions>;
  readonly limits?: Partial<SourceLimitOptions>;
  readonly load?: { calls: number; lagMs: number };
}

function setUp({ trunks, limits, load = { calls: 0, lagMs: 0 } }: Setup = {}) {
  const table = TrunkTable.of({
    trunks: [
      trunkSettings("north", { sources: ["192.0.2.0/25"] }),
      trunkSettings("south", { sources: ["2001:db8::/32"] }),
    ],
    defaultTrunk: trunkSettings("default"),
    trustedHops: ["198.51.100.1"],
    unknownSources: "loopback",
    ...trunks,
  });
  assert.ok(table.ok);
  const clock = new FakeClock();
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const admission = new CallAdmission(
    { blockScanners: true },
    {
      trunks: table.value,
      limits: new SourceLimits({ ...DEFAULT_SOURCE_LIMITS, ...limits }, 42),
      overload: new OverloadGuard(
        { ...DEFAULT_OVERLOAD, maxCalls: 10 },
        { liveCalls: () => load.calls, lagMs: () => load.lagMs },
      ),
      clock,
      random: new RandomDouble(),
      metrics,
      log,
    },
  );
  return { admission, clock, metrics, log, load };
}

const URI = "sip:+12025550199@gw.example";
const NAMED = [["X-Ringfence-Trunk", "south"]] as const;

const identified: readonly (readonly [
  name: string,
  address: string,
  headers: readonly (readonly [string, string])[],
  trunk: string,
])[] = [
  ["by its source", "192.0.2.7", [], "north"],
  ["by its IPv6 source", "2001:db8::7", [], "south"],
  ["by the name that a trusted hop gives", "198.51.100.1", NAMED, "south"],
  ["not by a name that somebody else gives", "192.0.2.7", NAMED, "north"],
  ["not by a name from loopback, when that is no trusted hop", "127.0.0.1", NAMED, "default"],
  ["default for a trusted hop that names none", "198.51.100.1", [], "default"],
  ["a name that is not configured is a trunk of its own", "198.51.100.1", [["X-Ringfence-Trunk", "east-2"]], "east-2"],
  ["a name with unfit characters is no name", "198.51.100.1", [["X-Ringfence-Trunk", 'a"; drop']], "default"],
  ["default for loopback", "127.0.0.1", [], "default"],
];
for (const [name, address, headers, trunk] of identified) {
  test(`trunk: ${name}`, () => {
    const { admission } = setUp();
    const answer = admission.admit(inviteRequest(URI, headers), sourceAt(address));
    assert.ok(answer.ok);
    assert.equal(answer.identity.trunk, trunk);
    assert.equal(answer.trunk.id, trunk);
  });
}

test("a source of no trunk gets 403, and nothing any more once it has knocked too often", () => {
  const { admission, metrics } = setUp({ limits: { strikes: 3 } });
  const answers = [1, 2, 3, 4].map(() => admission.admit(inviteRequest(URI), sourceAt("203.0.113.5")));
  assert.deepEqual(
    answers.map((answer) => (answer.ok ? "ok" : answer.refusal.drop === true ? "drop" : answer.refusal.status)),
    [403, 403, "drop", "drop"],
  );
  assert.equal(metrics.get("ringfence_requests_refused_total{unknown-source}"), 4);
});

test("unknownSources accept: strangers belong to the default trunk", () => {
  const { admission } = setUp({ trunks: { unknownSources: "accept" } });
  const answer = admission.admit(inviteRequest(URI), sourceAt("203.0.113.5"));
  assert.ok(answer.ok);
  assert.equal(answer.identity.trunk, "default");
});

test("unknownSources refuse: not even loopback", () => {
  const { admission } = setUp({ trunks: { unknownSources: "refuse" } });
  const answer = admission.admit(inviteRequest(URI), sourceAt("127.0.0.1"));
  assert.deepEqual(answer, { ok: false, refusal: { status: 403, reason: "Forbidden" } });
});

test("a trunk's ACL refuses or drops, whoever names it, emergency calls included", () => {
  const trunks = [
    trunkSettings("north", { sources: ["192.0.2.0/24"], allowFrom: ["192.0.2.1"] }),
    trunkSettings("south", { sources: ["203.0.113.0/24"], allowFrom: ["203.0.113.1"], onForbidden: "drop" }),
  ];
  const { admission } = setUp({ trunks: { trunks } });
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("192.0.2.1")).ok, true);
  const refused = admission.admit(inviteRequest("sip:112@gw.example"), sourceAt("192.0.2.2"));
  assert.deepEqual(refused, { ok: false, refusal: { status: 403, reason: "Forbidden" } });
  const dropped = admission.admit(inviteRequest(URI, NAMED), sourceAt("198.51.100.1"));
  assert.ok(!dropped.ok);
  assert.equal(dropped.refusal.drop, true);
});

test("the trunk of a call is told without counting it; none where its source would be turned away", () => {
  const trunks = [trunkSettings("north", { sources: ["192.0.2.0/24"], allowFrom: ["192.0.2.1"] })];
  const { admission, metrics } = setUp({ trunks: { trunks }, limits: { perSecond: 1, burst: 1 } });
  for (let i = 0; i < 5; i++) {
    assert.equal(admission.trunkOf(inviteRequest(URI), sourceAt("192.0.2.1"))?.id, "north");
    assert.equal(admission.trunkOf(inviteRequest(URI), sourceAt("192.0.2.2")), undefined);
    assert.equal(admission.trunkOf(inviteRequest(URI), sourceAt("203.0.113.9")), undefined);
  }
  assert.equal(metrics.values.size, 0);
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("192.0.2.1")).ok, true);
});

test("a scanner's INVITE is dropped; its source is shut out, and let in again after a while", () => {
  const { admission, clock, log } = setUp({ trunks: { unknownSources: "accept" }, limits: { shutOutMs: 60_000 } });
  const scan = inviteRequest(URI, [["User-Agent", "Friendly-Scanner 1.0"]]);
  const first = admission.admit(scan, sourceAt("203.0.113.5"));
  assert.ok(!first.ok && first.refusal.drop === true);
  const honest = admission.admit(inviteRequest(URI), sourceAt("203.0.113.5"));
  assert.ok(!honest.ok && honest.refusal.drop === true);
  assert.deepEqual(
    log.lines.map((line) => line.event),
    ["source.shut-out"],
  );
  clock.advance(60_001);
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("203.0.113.5")).ok, true);
});

test("a scanner behind a configured trunk costs the trunk nothing but that call", () => {
  const { admission } = setUp();
  for (let i = 0; i < 100; i++)
    admission.admit(inviteRequest(URI, [["User-Agent", "sipvicious"]]), sourceAt("192.0.2.7"));
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("192.0.2.7")).ok, true);
});

test("probing shuts a stranger out, but never loopback or a trunk's source", () => {
  const { admission } = setUp({ trunks: { unknownSources: "accept" }, limits: { strikes: 5 } });
  for (const address of ["203.0.113.5", "127.0.0.1", "192.0.2.7"]) {
    for (let i = 0; i < 20; i++) admission.note(sourceAt(address), i % 2 === 0 ? "malformed" : "not-found");
  }
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("203.0.113.5")).ok, false);
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("127.0.0.1")).ok, true);
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("192.0.2.7")).ok, true);
});

test("a stranger who dials numbers that do not exist is shut out; one who dials others is not", () => {
  const { admission } = setUp({ trunks: { unknownSources: "accept" }, limits: { strikes: 5 } });
  const sipCallId = "call@192.0.2.1";
  let names = 0;
  // He keeps another call up under the Call-ID of all of them.
  const dial = (address: string, status: number) => {
    const answer = admission.admit(inviteRequest(URI), sourceAt(address));
    const call = new LiveCallDouble(`${sipCallId}~${++names}`, { sipCallId });
    admission.onEnded(call, cdrOf(call, { status }));
    return answer.ok;
  };
  assert.deepEqual(
    Array.from({ length: 7 }, () => dial("203.0.113.5", 404)),
    [true, true, true, true, true, false, false],
  );
  assert.deepEqual(
    Array.from({ length: 7 }, () => dial("203.0.113.6", 486)),
    [true, true, true, true, true, true, true],
  );
});

test("a flood gets 503 with Retry-After between 1 and 5 s, and the source recovers at its rate", () => {
  const { admission, clock } = setUp({ limits: { perSecond: 10, burst: 3 } });
  const send = () => admission.admit(inviteRequest(URI), sourceAt("192.0.2.7"));
  assert.deepEqual([send().ok, send().ok, send().ok], [true, true, true]);
  const refused = send();
  assert.deepEqual(refused, {
    ok: false,
    refusal: { status: 503, reason: "Service Unavailable", headers: [["Retry-After", "3"]] },
  });
  assert.equal(admission.admit(inviteRequest(URI), sourceAt("192.0.2.8")).ok, true, "another source has its own share");
  clock.advance(100);
  assert.deepEqual([send().ok, send().ok], [true, false]);
});

test("behind a trusted hop a flood counts against the trunk that it names, not against the hop", () => {
  const { admission } = setUp({ limits: { perSecond: 10, burst: 2 } });
  const send = (trunk: string) =>
    admission.admit(inviteRequest(URI, [["X-Ringfence-Trunk", trunk]]), sourceAt("198.51.100.1")).ok;
  assert.deepEqual([send("south"), send("south"), send("south"), send("north")], [true, true, false, true]);
});

test("emergency calls pass floods, scanners' bans and overload", () => {
  const { admission } = setUp({ limits: { perSecond: 1, burst: 1 }, load: { calls: 1000, lagMs: 10_000 } });
  for (let i = 0; i < 10; i++)
    assert.equal(admission.admit(inviteRequest("sip:911@gw.example"), sourceAt("192.0.2.7")).ok, true);
});

test("whether a call is an emergency can be asked without it counting as a request", () => {
  const { admission } = setUp({ limits: { perSecond: 1, burst: 1 } });
  for (let i = 0; i < 10; i++)
    assert.equal(admission.isEmergency(inviteRequest("sip:911@gw.example"), sourceAt("192.0.2.7")), true);
  assert.equal(admission.isEmergency(inviteRequest(URI), sourceAt("192.0.2.7")), false);
  assert.equal(
    admission.admit(inviteRequest(URI), sourceAt("192.0.2.7")).ok,
    true,
    "the one request that may come did not come yet",
  );
});

test("at the limit of live calls: 503 with Retry-After 0; when the loop lags for a second: a random one", () => {
  const { admission, load, metrics, clock } = setUp();
  const status = () => {
    const answer = admission.admit(inviteRequest(URI), sourceAt("192.0.2.7"));
    return answer.ok ? "ok" : `${answer.refusal.status} ${answer.refusal.headers?.[0]?.[1] ?? ""}`;
  };
  load.calls = 10;
  assert.equal(status(), "503 0");
  load.calls = 0;
  load.lagMs = 251;
  assert.equal(status(), "ok", "one stall is worked off");
  clock.advance(999);
  assert.equal(status(), "ok");
  clock.advance(1);
  assert.equal(status(), "503 3");
  load.lagMs = 100;
  assert.equal(status(), "ok");
  assert.equal(metrics.get("ringfence_requests_refused_total{overload}"), 2);
});

test("a Request-URI of another scheme gets 416 (RFC 3261 §8.2.2.1)", () => {
  const { admission } = setUp();
  const answer = admission.admit(inviteRequest("http://gw.example/"), sourceAt("192.0.2.7"));
  assert.ok(!answer.ok);
  assert.equal(answer.refusal.status, 416);
});

test("a reload changes who is who for new calls", () => {
  const { admission } = setUp();
  const table = TrunkTable.of({
    trunks: [trunkSettings("new", { sources: ["192.0.2.0/24"] })],
    defaultTrunk: trunkSettings("default"),
    trustedHops: [],
    unknownSources: "refuse",
  });
  assert.ok(table.ok);
  admission.reload(table.value);
  const answer = admission.admit(inviteRequest(URI), sourceAt("192.0.2.7"));
  assert.ok(answer.ok);
  assert.equal(answer.identity.trunk, "new");
});

for (const [name, options, code] of [
  ["two trunks of one name", { trunks: [trunkSettings("north"), trunkSettings("north")] }, "trunk.duplicate"],
  ["a name with blanks", { trunks: [trunkSettings("north pole")] }, "trunk.id"],
  ["a source that is no network", { trunks: [trunkSettings("north", { sources: ["192.0.2.0/40"] })] }, "cidr.prefix"],
  ["a trusted hop that is no address", { trustedHops: ["gw.example"] }, "cidr.address"],
] as const) {
  test(`trunk table: ${name} is refused as ${code}`, () => {
    const table = TrunkTable.of({
      trunks: [],
      defaultTrunk: trunkSettings("default"),
      trustedHops: [],
      unknownSources: "loopback",
      ...options,
    });
    assert.ok(!table.ok);
    assert.equal(table.error.code, code);
  });
}
