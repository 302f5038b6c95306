import assert from "node:assert/strict";
import { noticeOf, unixMs } from "../../../detection/index.js";
import type { CaseChange } from "../../../gateway/ports/alert-store.js";
import { sampleAlert } from "../../support/records.js";
import { DAY, decideWith, HOOK, HOOK_2, NOW, type StoreWithAlerts } from "./alert-store-contract.js";

/** The part of the contract that is about deliveries: claimed, failed, dead, replayed. */
export function alertDeliveryContract(
  it: (what: string, run: (store: StoreWithAlerts) => Promise<void>) => void,
): void {
  it("a delivery is claimed by one at a time, until its lease is over, and keeps its id", async (store) => {
    await store.write([{ kind: "alert", alert: sampleAlert(1) }]);
    await store.alertCases.takeIn(10, NOW, decideWith([HOOK, { route: "other", maxQueue: 9 }]));
    const [first, ...none] = await store.alertCases.claim("hook", 5, NOW, 1_000, DAY);
    assert.ok(first !== undefined);
    assert.deepEqual(none, []);
    assert.equal(first.attempts, 1);
    assert.deepEqual(await store.alertCases.claim("hook", 5, unixMs(NOW + 999), 1_000, DAY), []);
    const [again] = await store.alertCases.claim("hook", 5, unixMs(NOW + 1_000), 1_000, DAY);
    assert.ok(again !== undefined);
    assert.deepEqual([again.id, again.attempts], [first.id, 2]);
    await store.alertCases.failed(first, "late word of the first", NOW, undefined);
    assert.equal((await store.alertCases.deliveries({ limit: 5, route: "hook" }))[0]?.state, "waiting");
    await store.alertCases.sent(again, NOW);
    assert.deepEqual(await store.alertCases.claim("hook", 5, unixMs(NOW + 1e9), 1_000, DAY), []);
    assert.deepEqual(await store.alertCases.outboxSizes(), [{ route: "other", state: "waiting", count: 1 }]);
  });

  it("failed deliveries come again at their time, dead letters when they are replayed", async (store) => {
    await store.write([{ kind: "alert", alert: sampleAlert(1) }]);
    await store.alertCases.takeIn(10, NOW, decideWith([HOOK]));
    const claim = async (at: number) => (await store.alertCases.claim("hook", 5, unixMs(at), 1_000, DAY))[0];
    const first = await claim(NOW);
    assert.ok(first !== undefined);
    await store.alertCases.failed(first, "status 503\0", NOW, unixMs(NOW + 5_000));
    assert.equal(await claim(NOW + 4_999), undefined);
    const second = await claim(NOW + 5_000);
    assert.ok(second !== undefined);
    assert.equal(second.lastError, "status 503\uFFFD");
    await store.alertCases.failed(second, "status 410", NOW, undefined);
    const dead = await store.alertCases.deliveries({ limit: 5, state: "dead" });
    assert.deepEqual(
      dead.map(({ id, lastError }) => [id, lastError]),
      [[first.id, "status 410"]],
    );
    assert.equal(await store.alertCases.replay({ ids: ["another"] }, NOW), 0);
    assert.equal(await store.alertCases.replay({ route: "other" }, NOW), 0);
    assert.equal(await store.alertCases.replay({ ids: [first.id] }, NOW), 1);
    assert.equal((await claim(NOW + 10))?.attempts, 1);
  });

  it("a delivery that a clock that was ahead put off is due; since when it fails is kept, and forgotten by a replay", async (store) => {
    await store.write([{ kind: "alert", alert: sampleAlert(1) }]);
    await store.alertCases.takeIn(10, NOW, decideWith([HOOK]));
    const claim = async () => (await store.alertCases.claim("hook", 5, NOW, 1_000, 60_000))[0];
    const first = await claim();
    assert.ok(first !== undefined);
    await store.alertCases.failed(first, "503", unixMs(NOW - 5), unixMs(NOW + 60_000));
    assert.equal(await claim(), undefined);
    await store.alertCases.failed(first, "503", unixMs(NOW - 5), unixMs(NOW + 8 * 3_600_000));
    const second = await claim();
    assert.equal(second?.failingSince, NOW - 5);
    await store.alertCases.failed(second, "410", unixMs(NOW - 5), undefined);
    assert.equal(await store.alertCases.replay({ route: "hook" }, NOW), 1);
    const again = await claim();
    assert.deepEqual([again?.attempts, again?.failingSince], [1, undefined]);
  });

  it("a delivery that is not of the case's notice has an id of its own, and is there once", async (store) => {
    const alert = sampleAlert(1);
    await store.write([{ kind: "alert", alert }]);
    const withOwn = (...args: Parameters<ReturnType<typeof decideWith>>): CaseChange => {
      const change = decideWith([])(...args);
      const notice = { ...noticeOf(change.after, "opened", NOW), raised: { alert } };
      return { ...change, notice: undefined, deliveries: [{ ...HOOK, own: { id: alert.id, notice } }] };
    };
    await store.alertCases.takeIn(10, NOW, withOwn);
    await store.alertCases.change(alert.id, NOW, (of) => withOwn(alert, undefined, of));
    const rows = await store.alertCases.deliveries({ limit: 10 });
    assert.deepEqual(
      rows.map(({ id, notice }) => [id, notice.raised?.alert]),
      [[alert.id, alert]],
    );
  });

  it("deliveries that have waited for too long, as for a route that is gone, become dead letters, and go as these do", async (store) => {
    await store.write([{ kind: "alert", alert: sampleAlert(1) }]);
    await store.alertCases.takeIn(10, NOW, decideWith([HOOK, HOOK_2]));
    assert.deepEqual(await store.alertCases.expireDeliveries(NOW), []);
    const expired = await store.alertCases.expireDeliveries(unixMs(NOW + 1));
    assert.deepEqual(
      [...expired].sort((a, b) => (a.route < b.route ? -1 : 1)),
      [
        { route: "hook", count: 1 },
        { route: "hook-2", count: 1 },
      ],
    );
    assert.deepEqual(await store.alertCases.expireDeliveries(unixMs(NOW + 1)), []);
    const dead = await store.alertCases.deliveries({ limit: 9, state: "dead" });
    assert.deepEqual(
      dead.map(({ lastError }) => lastError),
      ["waited for too long", "waited for too long"],
    );
    assert.equal(await store.alertCases.pruneAlerts(unixMs(NOW + 1)), 2);
    assert.deepEqual(await store.alertCases.deliveries({ limit: 9 }), []);
  });
}
