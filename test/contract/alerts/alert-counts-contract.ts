import assert from "node:assert/strict";
import { unixMs, type Alert, type AlertCase, type Incident } from "../../../detection/index.js";
import { sampleAlert, sampleIncident } from "../../support/records.js";
import { decideWith, type StoreWithAlerts } from "./alert-store-contract.js";

const NOW = unixMs(1_700_000_100_000);
const LONG_AGO = unixMs(0);

/** An attack of 5 calls by 5 callers, and its case. */
async function attacked(store: StoreWithAlerts, index: number): Promise<{ caseId: string; incident: Incident }> {
  const counts = { callCount: 5, callerCount: 5 };
  const called = `+1202555${1_000 + index}` as Alert["called"];
  const alert = sampleAlert(index, { ...counts, called });
  const incident = sampleIncident(index, { ...counts, id: alert.incidentId, called });
  await store.write([
    { kind: "incident", incident },
    { kind: "alert", alert },
  ]);
  await store.alertCases.takeIn(10, NOW, decideWith([]));
  const of = await store.alertCases.case(alert.id);
  assert.ok(of !== undefined);
  return { caseId: of.id, incident };
}

/** The part of the contract that is about cases which follow their incidents. */
export function alertCountsContract(it: (what: string, run: (store: StoreWithAlerts) => Promise<void>) => void): void {
  it("cases that say less than their latest alert's incident are found, the longest without growth first", async (store) => {
    const one = await attacked(store, 1);
    const other = await attacked(store, 2);
    const grown = (limit = 10, since = LONG_AGO) => store.alertCases.grownCases(since, limit);
    assert.deepEqual(await grown(), []);
    const later = unixMs(NOW + 20);
    await store.write([
      { kind: "incident", incident: { ...one.incident, callCount: 6, updatedAt: later } },
      { kind: "incident", incident: { ...other.incident, callCount: 8, callerCount: 8, updatedAt: NOW } },
    ]);
    assert.deepEqual(await grown(), [other.caseId, one.caseId]);
    assert.deepEqual(await grown(1), [other.caseId]);
    const say = (count: number) => (of: AlertCase) => ({
      after: { ...of, latest: { ...of.latest, callCount: count, callerCount: count } },
      deliveries: [],
    });
    await store.alertCases.change(other.caseId, NOW, say(8));
    await store.alertCases.change(one.caseId, NOW, say(6));
    assert.deepEqual(await grown(), [], "they say more callers, or as many");
  });

  it("an incident that was closed long ago is not looked at again; a case that is over is, while its incident is not", async (store) => {
    const { caseId, incident } = await attacked(store, 1);
    await store.alertCases.change(caseId, NOW, (of) => ({
      after: { ...of, state: "closed", closedAt: NOW },
      deliveries: [],
    }));
    const more = { ...incident, callCount: 9, callerCount: 7 };
    await store.write([{ kind: "incident", incident: { ...more, updatedAt: NOW } }]);
    assert.deepEqual(await store.alertCases.grownCases(unixMs(NOW + 100), 10), [caseId]);
    const closed = { ...more, state: "closed", updatedAt: NOW, closedAt: unixMs(NOW + 50) } as const;
    await store.write([{ kind: "incident", incident: closed }]);
    assert.deepEqual(await store.alertCases.grownCases(unixMs(NOW + 50), 10), [caseId]);
    assert.deepEqual(await store.alertCases.grownCases(unixMs(NOW + 51), 10), []);
  });

  it("who changes a case is given its latest alert's incident as it is now", async (store) => {
    const { caseId, incident } = await attacked(store, 1);
    const grown = { ...incident, callCount: 8, callerCount: 7, updatedAt: NOW };
    await store.write([{ kind: "incident", incident: grown }]);
    const given: unknown[] = [];
    const note = (after: AlertCase, of: Incident | undefined) => {
      given.push(of);
      return { after, deliveries: [] };
    };
    await store.alertCases.change(sampleAlert(1).id, NOW, note);
    await store.alertCases.changeAndGuard(caseId, [], 10, NOW, note);
    await store.write([{ kind: "alert", alert: sampleAlert(3, { called: "+12025551999" as Alert["called"] }) }]);
    await store.alertCases.takeIn(10, NOW, decideWith([]));
    await store.alertCases.change(sampleAlert(3).id, NOW, note);
    assert.deepEqual(given, [grown, grown, undefined]);
  });
}
