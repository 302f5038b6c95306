import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { AlertRoute } from "../../../gateway/ports/alert-route.js";
import { sampleNotice } from "../../support/alert-notices.js";
import { until } from "../../support/processes.js";

export interface RouteScene {
  readonly route: AlertRoute;
  /** What the receiver has got so far, one text a message. */
  readonly received: () => readonly string[];
  /** The receiver takes no connection any more. */
  readonly goAway: () => Promise<void>;
}

const delivery = { id: "case-0011223344556677.1.route", attempt: 1 };

/** What every AlertRoute promises, beside its receiver. */
export function alertRouteContract(name: string, make: (t: TestContext) => Promise<RouteScene>): void {
  test(`${name}: a notice arrives with number, case and rule, and is said to be sent`, async (t) => {
    const { route, received } = await make(t);
    assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "sent" });
    await until("the message", () => received().length === 1);
    const [text = ""] = received();
    for (const part of ["+12025550100", "case-0011223344556677", "masking"]) assert.ok(text.includes(part), part);
  });

  test(`${name}: several at once all arrive`, async (t) => {
    const { route, received } = await make(t);
    const replies = await Promise.all(
      [1, 2, 3].map((i) => route.send(sampleNotice({ caseId: `case-${i}` }), { id: `case-${i}.1.route`, attempt: 1 })),
    );
    assert.deepEqual(replies, [{ kind: "sent" }, { kind: "sent" }, { kind: "sent" }]);
    await until("three messages", () => received().length === 3);
    for (const i of [1, 2, 3]) assert.ok(received().some((text) => text.includes(`case-${i}`)));
  });

  test(`${name}: a receiver that is not there is a failure to be tried again`, async (t) => {
    const { route, goAway } = await make(t);
    await goAway();
    const reply = await route.send(sampleNotice(), delivery);
    assert.equal(reply.kind, "failed", JSON.stringify(reply));
  });

  test(`${name}: closed twice it is closed, and sends nothing`, async (t) => {
    const { route, received } = await make(t);
    await route.close();
    await route.close();
    assert.notEqual((await route.send(sampleNotice(), delivery)).kind, "sent");
    assert.deepEqual(received(), []);
  });
}
