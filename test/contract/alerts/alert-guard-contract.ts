import assert from "node:assert/strict";
import { unixMs, type AlertCase, type AlertGuard } from "../../../detection/index.js";
import type { CaseChange } from "../../../gateway/ports/alert-store.js";
import { sampleAlert } from "../../support/records.js";
import { decideWith, type StoreWithAlerts } from "./alert-store-contract.js";

const NOW = unixMs(1_700_000_100_000);

async function openCase(store: StoreWithAlerts): Promise<AlertCase> {
  await store.write([{ kind: "alert", alert: sampleAlert(1) }]);
  await store.alertCases.takeIn(10, NOW, decideWith([]));
  const [of] = await store.alertCases.cases({ limit: 1 });
  assert.ok(of !== undefined);
  return of;
}

const guardOf = ({ id: caseId }: AlertCase, id: string): AlertGuard => ({
  ...{ id, side: "called", number: `+1202555${id}`, caseId },
  ...{ createdAt: NOW, createdBy: "ana", reason: "" },
});

/** @returns The state of the case after it. */
async function markFalse({ alertCases }: StoreWithAlerts, { id }: AlertCase, guards: AlertGuard[], most: number) {
  const mark = (each: AlertCase): CaseChange => ({ after: { ...each, state: "false-positive" }, deliveries: [] });
  const after = await alertCases.changeAndGuard(id, guards, most, NOW, mark);
  return typeof after === "object" ? after.state : after;
}

/** The part of the contract that is about numbers which people mark as honest. */
export function alertGuardContract(it: (what: string, run: (store: StoreWithAlerts) => Promise<void>) => void): void {
  it("guards beyond 1,000 count too: none falls out in silence", async (store) => {
    const of = await openCase(store);
    const all = Array.from({ length: 1_001 }, (_, index) => guardOf(of, `g${index}`));
    for (let at = 0; at < all.length; at += 100)
      assert.equal(await markFalse(store, of, all.slice(at, at + 100), 2_000), "false-positive");
    assert.equal((await store.alertCases.guards(NOW)).length, 1_001);
  });

  it("two who come at once do not both find the one place that is left; all guards of one are kept, or none", async (store) => {
    const of = await openCase(store);
    const named = (...ids: string[]) => ids.map((id) => guardOf(of, id));
    const over = { ...guardOf(of, "3"), expiresAt: NOW };
    assert.equal(await markFalse(store, of, [...named("1", "2"), over], 3), "false-positive");
    assert.equal(await markFalse(store, of, named("4", "5"), 3), "full", "two where there is room for one");
    const took = await Promise.all(["6", "7", "8", "9"].map((id) => markFalse(store, of, named(id), 3)));
    assert.equal(took.filter((each) => each !== "full").length, 1);
    assert.equal((await store.alertCases.guards(NOW)).length, 3);
  });

  it("a case and the guards that its mark brings are kept together, or neither is", async (store) => {
    const of = await openCase(store);
    const stateNow = async () => (await store.alertCases.case(of.id))?.state;
    const fault = new Error("the process dies here");
    const dies = store.alertCases.changeAndGuard(of.id, [guardOf(of, "1")], 10, NOW, () => {
      throw fault;
    });
    await assert.rejects(dies);
    assert.deepEqual([await stateNow(), await store.alertCases.guards(NOW)], ["open", []]);
    assert.equal(await markFalse(store, of, [guardOf(of, "1"), guardOf(of, "2")], 1), "full");
    assert.deepEqual([await stateNow(), await store.alertCases.guards(NOW)], ["open", []]);
    assert.equal(await markFalse(store, { ...of, id: "none" }, [guardOf(of, "1")], 10), undefined);
    assert.deepEqual(await store.alertCases.guards(NOW), []);
    assert.equal(await markFalse(store, of, [guardOf(of, "1")], 10), "false-positive");
    assert.deepEqual([await stateNow(), (await store.alertCases.guards(NOW)).length], ["false-positive", 1]);
  });

  it("who marks a case again guards no number twice: the newer guard takes the place, also where all are taken", async (store) => {
    const of = await openCase(store);
    const [first, other] = [guardOf(of, "1"), guardOf(of, "2")];
    await markFalse(store, of, [first, other], 2);
    const again = { ...first, id: "again", reason: "once more" };
    const caller = { ...first, id: "caller", side: "caller" } as const;
    assert.equal(await markFalse(store, of, [caller], 2), "full");
    assert.equal(await markFalse(store, of, [again], 2), "false-positive");
    const ids = (await store.alertCases.guards(NOW)).map(({ id }) => id);
    assert.deepEqual(ids.sort(), [other.id, "again"]);
  });
}
