import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  maskNotice,
  maskNumber,
  noticeFacts,
  noticeJson,
  noticeTitle,
  pauseBefore,
  plain,
  routesFor,
  siemMessage,
  unixMs,
  type AlertNotice,
  type RouteChoice,
} from "../../../../detection/index.js";
import { alertsSchema } from "../../../../gateway/config/alerts-schema.js";
import { sampleNotice } from "../../../support/alert-notices.js";
import { sampleAlert, sampleCallRecord } from "../../../support/records.js";

const route = (name: string, change: Partial<RouteChoice> = {}): RouteChoice => ({
  name,
  rules: [],
  called: [],
  trunks: [],
  teams: [],
  minSeverity: "low",
  events: ["opened"],
  ...change,
});

const choices: readonly (readonly [what: string, change: Partial<RouteChoice>, told: boolean])[] = [
  ["nothing asked", {}, true],
  ["as severe as asked", { minSeverity: "high" }, true],
  ["not severe enough", { minSeverity: "critical" }, false],
  ["its rule", { rules: ["threat", "masking"] }, true],
  ["another rule", { rules: ["threat"] }, false],
  ["its trunk", { trunks: ["carrier-a"] }, true],
  ["another trunk", { trunks: ["carrier-b"] }, false],
  ["a team where the alert has none", { teams: ["north"] }, false],
  ["its number by prefix", { called: ["+1202*"] }, true],
  ["another event", { events: ["closed"] }, false],
];
for (const [what, change, told] of choices) {
  test(`routes: ${what}: ${told ? "told" : "not told"}`, () => {
    assert.deepEqual(routesFor(sampleNotice(), [route("r", change)], undefined), told ? ["r"] : []);
  });
}

test("routes: an escalation goes to the routes it names, whatever they ask for, and to no other", () => {
  const routes = [route("a", { minSeverity: "critical", events: [] }), route("b")];
  assert.deepEqual(routesFor(sampleNotice({ event: "escalated" }), routes, ["a"]), ["a"]);
});

const masks: readonly (readonly [number: string, lastTwo: string])[] = [
  ["+12025550100", "+*********00"],
  ["1234", "****"],
  ["+1234", "+****"],
  ["alice.smith", "*********th"],
  ["", ""],
];
for (const [number, masked] of masks) {
  test(`masks: ${JSON.stringify(number)}`, () => {
    assert.equal(maskNumber(number, "last-two"), masked);
    assert.equal(maskNumber(number, "none"), number);
    assert.equal(maskNumber(number, "all"), number === "" ? "" : "***");
  });
}

test("masks: no number of the notice is left in any of its fields, and no Call-ID", () => {
  const notice = sampleNotice({
    message: "reached +1 202-555-0100, from 12025550101",
    explanation: "+12025550102 said: call (202) 555 0100 now, in 24 hours",
  });
  for (const mask of ["last-two", "all"] as const) {
    const text = JSON.stringify({ ...maskNotice(notice, mask), at: 0, openedAt: 0, updatedAt: 0, caseId: "" });
    assert.ok(!/\d{7}|555.?01/.test(text), text);
    assert.ok(!text.includes("192.0.2.1"));
    assert.ok(text.includes("24 hours"));
  }
});

const limits = { giveUpMs: 10_000, attempts: 5, retryFirstMs: 1_000, retryMostMs: 5_000 };
const pauses: readonly (readonly [
  what: string,
  attempt: number,
  asked: number | undefined,
  chance: number,
  pause: number | undefined,
])[] = [
  ["first, least", 1, undefined, 0, 500],
  ["first, nearly most", 1, undefined, 0.999_999, 1_000],
  ["doubles", 3, undefined, 0, 2_000],
  ["up to the most", 4, undefined, 0.999_999, 5_000],
  ["what was asked for, above the most", 1, 30_000, 0, 30_000],
  ["what was asked for, within reason", 1, 1e12, 0, 3_600_000],
  ["the budget is used up", 5, undefined, 0, undefined],
  ["and what is asked for does not add to it", 5, 1_000, 0, undefined],
];
for (const [what, attempt, asked, chance, pause] of pauses) {
  test(`pause: ${what}`, () => assert.equal(pauseBefore(attempt, 0, limits, asked, chance), pause));
}

test("a receiver that is down for three days less a moment loses nothing; then it is given up, but not after few tries", () => {
  const routes = alertsSchema.parse({ routes: [{ kind: "slack", name: "soc", url: "https://hooks.example.com/x" }] });
  const [defaults] = routes.routes;
  assert.ok(defaults !== undefined);
  let failingMs = 0;
  for (let attempt = 1; attempt < 10_000; attempt++) {
    const pause = pauseBefore(attempt, failingMs, defaults, undefined, 1);
    if (pause === undefined) break;
    failingMs += pause;
  }
  assert.ok(failingMs >= 3 * 86_400_000 && failingMs < 3 * 86_400_000 + defaults.retryMostMs, String(failingMs));
  assert.equal(pauseBefore(5, Infinity, defaults, undefined, 1), 16_000, "the time went by while nothing was tried");
  assert.equal(pauseBefore(6, Infinity, defaults, undefined, 1), undefined);
});

test("masks: ids that were made of a number, trunks and names; a random id and an address stay as they are", () => {
  const number = "+14155550123";
  const notice = sampleNotice({
    called: number,
    incidentId: `failed-authentication|${number}|1762077600000`,
    alertId: `alert-1234567890abcdef`,
    trunks: [number, "192.0.2.10", "lab"],
    team: "desk 4155550123",
    by: number,
    message: "user ext.98765 called",
    callers: ["ext.98765"],
  });
  for (const mask of ["last-two", "all"] as const) {
    const masked = maskNotice(notice, mask);
    const text = JSON.stringify(masked);
    assert.ok(!text.includes("4155550") && !text.includes("98765"), text);
    assert.deepEqual([masked.alertId, masked.caseId], [notice.alertId, notice.caseId]);
    assert.deepEqual(masked.trunks.slice(1), ["192.0.2.10", "lab"]);
  }
});

test("masks: who is named in the details is hidden like a caller, an extension too", () => {
  const notice = sampleNotice({ callers: ["5551"], detail: { user: "5551", by: "alice", destinations: "5551" } });
  assert.deepEqual(maskNotice(notice, "all").detail, { user: "***", by: "***", destinations: "5551" });
  assert.deepEqual(maskNotice(notice, "last-two").detail, { user: "****", by: "***ce", destinations: "5551" });
});

test("masks: the id of a finding holds no number, and is the same in every run", () => {
  const find = (user: string): string => {
    const detection = CdrDetection.of(DEFAULT_CDR_DETECTION);
    assert.ok(detection.ok);
    const findings = Array.from({ length: 12 }, (_, index) => {
      const at = unixMs(1_700_000_000_000 + index * 1_000);
      const failed = {
        outcome: "failed",
        failure: "authentication",
        startedAt: at,
        endedAt: at,
        durationMs: 0,
      } as const;
      return detection.value.observe(sampleCallRecord(index, { user, caller: user, ...failed }));
    }).flat();
    return findings[0]?.id ?? "";
  };
  const id = find("+14155550123");
  assert.match(id, /^failed-authentication-[a-p]{16}$/);
  assert.equal(find("+14155550123"), id);
  assert.notEqual(find("+14155550124"), id);
});

test("texts are cut between characters, and half of one is shown as unknown", () => {
  assert.equal(plain("a😀b", 3), "a…");
  assert.equal(plain("a😀b", 4), "a😀b");
  assert.equal(plain("a\ud83d b \ude00", 9), "a\ufffd b \ufffd");
});

test("masks: the alert as it was raised, which has all numbers, goes only where none is masked", () => {
  const notice = sampleNotice({ raised: { alert: sampleAlert(1) } });
  assert.deepEqual(maskNotice(notice, "none"), notice);
  for (const mask of ["last-two", "all"] as const) assert.equal("raised" in maskNotice(notice, mask), false);
});

const closings: readonly (readonly [change: Partial<AlertNotice>, words: RegExp])[] = [
  [{ closedWhy: "incidents-over" }, /: over$/],
  [{ closedWhy: "quiet" }, /: closed by itself, quiet since 2023-11-14T22:13:20\.000Z$/],
  [{ closedWhy: "by-hand", by: "ana" }, /: closed by ana$/],
  [{}, /: over$/],
];
for (const [change, words] of closings) {
  test(`words: why a case is closed: ${change.closedWhy ?? "not known"}`, () => {
    const notice = sampleNotice({ event: "closed", state: "closed", ...change });
    assert.match(noticeTitle(notice), words);
    assert.equal(noticeJson(notice)["closed_why"], change.closedWhy);
  });
}

test("call records: people are told who it is about and by which figures, and not of a victim", () => {
  const notice = sampleNotice({
    ...{ rule: "call-forwarding", called: "bogota-1020", callers: ["bogota-1020"], callerCount: 1, callCount: 1 },
    ...{ message: "Suspicious call forwarding: international 1", disposition: "reported", site: "bogota" },
    ...{ evidence: { international: 1, closedCalls: 0.333333 }, detail: { site: "bogota", target: "+96079635012" } },
    falsePositives: "Somebody's mobile for the evening.",
  });
  assert.equal(noticeTitle(notice), "[HIGH] call-forwarding about bogota-1020: new");
  assert.deepEqual(noticeFacts(notice).slice(0, 6), [
    ["About", "bogota-1020"],
    ["Site", "bogota"],
    ["Figures", "international 1, closed calls 0.33"],
    ["Details", "target +96079635012"],
    ["Call records", "1"],
    ["May be honest", "Somebody's mobile for the evening."],
  ]);
  for (const format of ["cef", "leef"] as const)
    assert.match(siemMessage(format, notice, "d", "1"), /msg=Suspicious call forwarding: international 1\. /);
  assert.deepEqual(noticeJson(notice)["detail"], notice.detail);
  const facts = new Map(noticeFacts(maskNotice(notice, "last-two")));
  assert.equal(facts.get("Details"), "target +*********12");
});
