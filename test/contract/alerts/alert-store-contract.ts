import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  acknowledge,
  noticeOf,
  takeAlert,
  unixMs,
  type Alert,
  type AlertCase,
  type AlertSettings,
  type CdrFinding,
} from "../../../detection/index.js";
import { alertOfFinding } from "../../../gateway/pipeline/records/finding-alert.js";
import type { AlertStore, CaseChange, FullQueue, NewDelivery } from "../../../gateway/ports/alert-store.js";
import type { Store, StoreRecord } from "../../../gateway/ports/records.js";
import { sampleAlert, sampleIncident } from "../../support/records.js";
import { alertCountsContract } from "./alert-counts-contract.js";
import { alertDeliveryContract } from "./alert-delivery-contract.js";
import { alertGuardContract } from "./alert-guard-contract.js";

export interface StoreWithAlerts extends Store {
  readonly alertCases: AlertStore;
}

export const NOW = unixMs(1_700_000_100_000);
const SETTINGS: AlertSettings = {
  groupMs: 60_000,
  updateEveryMs: 0,
  closeAfterQuietMs: 86_400_000,
  maintenance: [],
  suppress: [],
  escalation: [],
  teams: [],
};

export const decideWith =
  (deliveries: readonly NewDelivery[], newId = "case-1") =>
  (alert: Alert, incident: Parameters<typeof takeAlert>[2], current: AlertCase | undefined): CaseChange => {
    const { after, notice } = takeAlert(
      current,
      alert,
      incident,
      { settings: SETTINGS, guards: [], now: NOW },
      `${newId}-${alert.id}`,
    );
    return { after, notice, deliveries };
  };

/** Nothing waits longer. */
export const DAY = 86_400_000;
export const HOOK: NewDelivery = { route: "hook", maxQueue: 100 };
export const HOOK_2: NewDelivery = { route: "hook-2", maxQueue: 100 };

/** What every AlertStore promises. */
export function alertStoreContract(name: string, make: (t: TestContext) => Promise<StoreWithAlerts>): void {
  const it = (what: string, run: (store: StoreWithAlerts) => Promise<void>): void =>
    void test(`${name}: ${what}`, async (t) => run(await make(t)));

  it("an alert is taken in once, with its incident, and what it makes is there at once", async (store) => {
    const alert = sampleAlert(1);
    const incident = sampleIncident(1, { id: alert.incidentId });
    await store.write([
      { kind: "incident", incident },
      { kind: "alert", alert },
    ]);
    const seen: unknown[] = [];
    const decide: ReturnType<typeof decideWith> = (a, i, c) => {
      seen.push([a.id, i?.id, c]);
      return decideWith([HOOK])(a, i, c);
    };
    assert.equal(await store.alertCases.takeIn(10, NOW, decide), 1);
    assert.equal(await store.alertCases.takeIn(10, NOW, decide), 0);
    assert.deepEqual(seen, [[alert.id, incident.id, undefined]]);
    const [found] = await store.alertCases.cases({ limit: 10 });
    assert.equal(found?.latest.id, alert.id);
    assert.deepEqual(await store.alertCases.case(alert.id), found, "found by the id of its alert too");
    const [delivery] = await store.alertCases.deliveries({ limit: 10 });
    assert.equal(delivery?.notice.alertId, alert.id);
    // The spool may write a record twice.
    await store.write([{ kind: "alert", alert }]);
    assert.equal(await store.alertCases.takeIn(10, NOW, decide), 0);
  });

  it("of alerts that wait the most severe come first, of these the oldest", async (store) => {
    const severities = ["low", "critical", "medium", "critical", "high"] as const;
    await store.write(
      severities.map((severity, index) => ({ kind: "alert", alert: sampleAlert(index, { severity }) })),
    );
    const order: string[] = [];
    const note: ReturnType<typeof decideWith> = (alert, ...rest) => {
      order.push(`${alert.severity} ${alert.detectedAt - sampleAlert(0).detectedAt}`);
      return decideWith([])(alert, ...rest);
    };
    await store.alertCases.takeIn(3, NOW, note);
    await store.alertCases.takeIn(3, NOW, note);
    const since = (index: number): number => sampleAlert(index).detectedAt - sampleAlert(0).detectedAt;
    assert.deepEqual(order, [
      `critical ${since(1)}`,
      `critical ${since(3)}`,
      `high ${since(4)}`,
      `medium ${since(2)}`,
      `low ${since(0)}`,
    ]);
  });

  it("alerts that are passed over stay as they are", async (store) => {
    await store.write([1, 2].map((index) => ({ kind: "alert", alert: sampleAlert(index) })));
    const except = [sampleAlert(1).id];
    assert.equal(await store.alertCases.takeIn(10, NOW, decideWith([]), undefined, except), 1);
    assert.equal(await store.alertCases.takeIn(10, NOW, decideWith([]), undefined, except), 0);
    assert.equal(await store.alertCases.takeIn(10, NOW, decideWith([])), 1);
  });

  it("what cannot be decided is not taken: the whole transaction is undone", async (store) => {
    await store.write([1, 2].map((index) => ({ kind: "alert", alert: sampleAlert(index) })));
    let calls = 0;
    const fails: ReturnType<typeof decideWith> = (...args) => {
      if (++calls === 2) throw new Error("dies here");
      return decideWith([HOOK])(...args);
    };
    await assert.rejects(store.alertCases.takeIn(10, NOW, fails));
    assert.deepEqual(await store.alertCases.cases({ limit: 10 }), []);
    assert.deepEqual(await store.alertCases.deliveries({ limit: 10 }), []);
    assert.equal(await store.alertCases.takeIn(10, NOW, decideWith([HOOK])), 2);
  });

  it("an alert is given with its incident's case, else with the nearest in time that was not marked as false", async (store) => {
    const at = (seconds: number, id: string, incidentId = `inc-${id}`): Alert => ({
      ...sampleAlert(1, { id, incidentId }),
      detectedAt: unixMs(NOW + seconds * 1_000),
    });
    const given: (string | undefined)[] = [];
    const take = async (alert: Alert): Promise<void> => {
      await store.write([{ kind: "alert", alert }]);
      await store.alertCases.takeIn(1, NOW, (a, i, current) => {
        given.push(current?.id);
        return decideWith([])(a, i, current);
      });
    };
    await take(at(0, "today"));
    await take(at(-900_000, "last-year"));
    await take(at(-899_990, "last-year-2"));
    await take(at(100, "later"));
    await store.alertCases.change("later", NOW, (of) => ({
      after: { ...of, state: "false-positive" },
      deliveries: [],
    }));
    await take(at(90, "beside"));
    await take(at(300, "same", "inc-later"));
    const id = (of: string) => `case-1-${of}`;
    assert.deepEqual(given, [undefined, id("today"), id("last-year"), id("today"), id("today"), id("later")]);
    const old = await store.alertCases.case("last-year");
    assert.deepEqual([old?.id, old?.alertCount], [id("last-year"), 2]);
  });

  it("what comes to a full queue is a dead letter, and not lost", async (store) => {
    await store.write([1, 2].map((index) => ({ kind: "alert", alert: sampleAlert(index) })));
    await store.alertCases.takeIn(10, NOW, decideWith([{ route: "hook", maxQueue: 1 }]));
    const states = (await store.alertCases.deliveries({ limit: 9 })).map(({ state }) => state);
    assert.deepEqual(states.sort(), ["dead", "waiting"]);
    assert.equal(await store.alertCases.replay({ route: "hook" }, NOW), 1);
  });

  it("who changes a case is told which deliveries came to a full queue, once, when that is kept", async (store) => {
    const told: FullQueue[][] = [];
    const onFull = (full: readonly FullQueue[]): void => void told.push([...full]);
    const small = decideWith([{ route: "hook", maxQueue: 1 }, HOOK_2]);
    await store.write([1, 2, 3].map((index) => ({ kind: "alert", alert: sampleAlert(index) })));
    const dies = store.alertCases.takeIn(3, NOW, () => assert.fail("dies here"), onFull);
    await assert.rejects(dies);
    await store.alertCases.takeIn(3, NOW, small, onFull);
    const dead = await store.alertCases.deliveries({ limit: 9, state: "dead" });
    const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id).sort();
    assert.deepEqual([dead.length, told.length, idsOf(told[0] ?? [])], [2, 1, idsOf(dead)]);
    assert.deepEqual([...new Set(told[0]?.map(({ route }) => route))], ["hook"]);
    const [of] = await store.alertCases.cases({ limit: 1 });
    assert.ok(of !== undefined);
    const again = (each: AlertCase): CaseChange => ({
      after: { ...each, sequence: each.sequence + 1 },
      notice: { ...noticeOf(each, "updated", NOW), sequence: each.sequence + 1 },
      deliveries: [{ route: "hook", maxQueue: 1 }],
    });
    await store.alertCases.change(of.id, NOW, again, onFull);
    await store.alertCases.changeAndGuard(of.id, [], 1, NOW, again, onFull);
    assert.deepEqual(
      told.slice(1).map((full) => full.map(({ route }) => route)),
      [["hook"], ["hook"]],
    );
    // What is asked for twice is one delivery, and not full a second time.
    const [first] = dead;
    const own = { id: first?.id ?? "", notice: noticeOf(of, "updated", NOW) };
    const twice = { after: of, deliveries: [{ route: "hook", maxQueue: 1, own }] };
    await store.alertCases.change(of.id, NOW, () => twice, onFull);
    assert.equal(told.length, 3);
  });

  it("who acts on a case while an alert of it comes in has acted on it, and each notice is a delivery", async (store) => {
    const acted: string[] = [];
    for (let index = 1; index <= 25; index++) {
      const called = `+1202555${1_000 + index}` as Alert["called"];
      const alert = (id: string): StoreRecord => ({ kind: "alert", alert: sampleAlert(index, { id, called }) });
      await store.write([alert(`first-${index}`)]);
      await store.alertCases.takeIn(10, NOW, decideWith([HOOK]));
      await store.write([alert(`second-${index}`)]);
      // A few turns apart, another number each time.
      const later = async (): Promise<number> => {
        for (let turn = 0; turn < index % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        return store.alertCases.takeIn(10, NOW, decideWith([HOOK]));
      };
      const acknowledging = store.alertCases.change(`first-${index}`, NOW, (of) => {
        const step = acknowledge(of, "ana", NOW);
        return step && { ...step, deliveries: [HOOK] };
      });
      await Promise.all([acknowledging, later()]);
      const after = await store.alertCases.case(`first-${index}`);
      const told = await store.alertCases.deliveries({ limit: 10, caseId: after?.id ?? "" });
      acted.push([after?.state, after?.alertCount, after?.sequence, told.length].join(" "));
    }
    assert.deepEqual([...new Set(acted)], ["acknowledged 2 3 3"]);
  });

  it("a case changes under its lock; deadlines and closed incidents bring it up again", async (store) => {
    const alert = sampleAlert(1);
    const incident = sampleIncident(1, { id: alert.incidentId, state: "open" });
    await store.write([
      { kind: "incident", incident },
      { kind: "alert", alert },
    ]);
    await store.alertCases.takeIn(10, NOW, decideWith([]));
    const [of] = await store.alertCases.cases({ limit: 1 });
    assert.ok(of !== undefined);
    assert.deepEqual(await store.alertCases.overCases(10), []);
    const changed = await store.alertCases.change(alert.id, NOW, (before) => ({
      after: { ...before, acknowledgedBy: "key-1" },
      deadlineAt: unixMs(NOW + 10),
      deliveries: [],
    }));
    assert.equal(changed?.acknowledgedBy, "key-1");
    assert.deepEqual(await store.alertCases.dueCases(unixMs(NOW + 9), 10), []);
    assert.deepEqual(await store.alertCases.dueCases(unixMs(NOW + 10), 10), [of.id]);
    await store.write([
      {
        kind: "incident",
        incident: { ...incident, state: "closed", updatedAt: unixMs(incident.updatedAt + 1), closedAt: NOW },
      },
    ]);
    assert.deepEqual(await store.alertCases.overCases(10), [of.id]);
    assert.equal(await store.alertCases.change("nobody", NOW, () => undefined), undefined);
  });

  const finding = (id: string, at: number, change: Partial<CdrFinding> = {}): CdrFinding => ({
    id,
    change: "opened",
    rule: "mass-dialling",
    mode: "enforce",
    severity: "medium",
    score: 0.7,
    subject: "ana@example.com",
    firstAt: unixMs(NOW - 5_000),
    at: unixMs(at),
    evidence: { calls: 30 },
    detail: {},
    records: ["r-1"],
    recordCount: 1,
    ...change,
  });
  const take = async (store: StoreWithAlerts, of: CdrFinding): Promise<string> => {
    await store.write([
      { kind: "finding", finding: of },
      { kind: "alert", alert: alertOfFinding(of) },
    ]);
    await store.alertCases.takeIn(10, NOW, decideWith([]));
    return (await store.alertCases.case(of.id))?.id ?? "";
  };

  it("a case of call records: its finding grows, its own and one without an alert of its own", async (store) => {
    const of = finding("f-1", NOW);
    const id = await take(store, of);
    const grown = async (): Promise<readonly (readonly [string, string])[]> =>
      (await store.alertCases.grownFindings(NOW, 10)).map((each) => [each.caseId, each.finding.id] as const);
    assert.deepEqual(await grown(), []);
    await store.write([
      { kind: "finding", finding: { ...of, at: unixMs(NOW + 10), recordCount: 2, change: "updated" } },
    ]);
    assert.deepEqual(await grown(), [[id, "f-1"]]);
    // What other users, rules and rules in shadow mode found is nothing to it; nor what has an alert, and so a case, of its own.
    await store.write(
      [
        finding("f-2", NOW + 20, { subject: "eve@example.com" }),
        finding("f-3", NOW + 20, { rule: "sim-box" }),
        finding("f-4", NOW + 20, { mode: "shadow" }),
        finding("f-5", NOW + 20),
      ].map((each) => ({ kind: "finding", finding: each })),
    );
    await store.write([{ kind: "alert", alert: alertOfFinding(finding("f-5", NOW + 20)) }]);
    assert.deepEqual(await grown(), [[id, "f-1"]]);
    await store.write([{ kind: "finding", finding: finding("f-6", NOW + 30) }]);
    assert.deepEqual(await grown(), [
      [id, "f-1"],
      [id, "f-6"],
    ]);
    const close = (at: number) =>
      store.alertCases.change(id, NOW, (before) => ({
        after: { ...before, state: "closed", closedAt: unixMs(at) },
        deliveries: [],
      }));
    await close(NOW - 1);
    assert.deepEqual(await grown(), [], "closed too long ago");
    await close(NOW);
    assert.equal((await grown()).length, 2);
  });

  it("a case of call records is quiet when its finding is over, or lost, and nothing came since", async (store) => {
    const of = finding("f-1", NOW);
    const id = await take(store, of);
    const quiet = (before: number, lostBefore: number) =>
      store.alertCases.quietCases(unixMs(before), unixMs(lostBefore), 10);
    assert.deepEqual(await quiet(NOW + 9, NOW - 1), [], "its finding goes on");
    assert.deepEqual(await quiet(NOW + 9, NOW), [id], "but nobody has heard of that for long");
    await store.write([{ kind: "finding", finding: { ...of, at: unixMs(NOW + 5), recordCount: 2, change: "closed" } }]);
    assert.deepEqual(await quiet(NOW + 4, NOW - 1), [], "the last record came later");
    assert.deepEqual(await quiet(NOW + 5, NOW - 1), [id]);
    await store.write([{ kind: "alert", alert: sampleAlert(1) }]);
    await store.alertCases.takeIn(10, NOW, decideWith([]));
    assert.deepEqual(await quiet(NOW + 1e9, NOW + 1e9), [id], "cases of live calls end with their incidents");
    await store.alertCases.change(id, NOW, (before) => ({
      after: { ...before, state: "closed", closedAt: NOW },
      deliveries: [],
    }));
    assert.deepEqual(await quiet(NOW + 1e9, NOW + 1e9), []);
  });

  alertCountsContract(it);
  alertGuardContract(it);
  alertDeliveryContract(it);

  it("comments and guards are kept; old cases that are over are deleted", async (store) => {
    await store.write([{ kind: "alert", alert: sampleAlert(1) }]);
    await store.alertCases.takeIn(10, NOW, decideWith([HOOK]));
    const [of] = await store.alertCases.cases({ limit: 1 });
    assert.ok(of !== undefined);
    const comment = { id: "c1", caseId: of.id, at: NOW, author: "ana", text: "line\n<b>\0'; drop" };
    await store.alertCases.comment(comment);
    assert.deepEqual(await store.alertCases.comments(of.id), [{ ...comment, text: "line\n<b>\uFFFD'; drop" }]);
    const guard = {
      id: "g1",
      number: "+1202555*",
      side: "called",
      caseId: of.id,
      createdAt: NOW,
      createdBy: "ana",
      reason: "hotline",
    } as const;
    const ended = { ...guard, id: "g2", number: "+12025550199", expiresAt: NOW };
    const keep = (each: AlertCase): CaseChange => ({ after: each, deliveries: [] });
    await store.alertCases.changeAndGuard(of.id, [guard, ended], 10, NOW, keep);
    assert.deepEqual(await store.alertCases.guards(NOW), [guard]);
    assert.deepEqual(
      [await store.alertCases.removeGuard("g1"), await store.alertCases.removeGuard("g1")],
      [true, false],
    );
    await store.alertCases.pruneAlerts(unixMs(NOW + 1e9));
    assert.equal((await store.alertCases.cases({ limit: 9 })).length, 1, "a case that goes on stays");
    const closedAt = unixMs(NOW + 2e9);
    await store.alertCases.change(of.id, NOW, (before) => ({
      after: { ...before, state: "closed", closedAt },
      deliveries: [],
    }));
    await store.alertCases.pruneAlerts(closedAt);
    assert.equal(
      (await store.alertCases.comments(of.id)).length,
      1,
      "its last alert is old, but it was closed just now",
    );
    assert.equal((await store.alertCases.cases({ limit: 9 })).length, 1);
    assert.ok((await store.alertCases.pruneAlerts(unixMs(closedAt + 1))) >= 2);
    assert.deepEqual(await store.alertCases.cases({ limit: 9 }), []);
    assert.equal((await store.alertCases.deliveries({ limit: 9 })).length, 1, "what waits stays");
  });
}
