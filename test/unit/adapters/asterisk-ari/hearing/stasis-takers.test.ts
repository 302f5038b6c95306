import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StasisDoor } from "../../../../../gateway/adapters/asterisk-ari/hearing/stasis-door.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import { CountingMetrics } from "../../../../support/counting-metrics.js";
import { ariChannel, MemoryAriLink, settle } from "../../../../support/memory-ari-link.js";

const A = ariChannel("1.0");

describe("calls that the dialplan hands over", () => {
  const enter = (link: MemoryAriLink, args: unknown, channel = A): void =>
    link.tell({ type: "StasisStart", channel, args });

  test("go to who takes them; others go on at once", async () => {
    const link = new MemoryAriLink();
    const taken: string[] = [];
    const door = new StasisDoor(
      {
        listen: ({ id }) => taken.push(`listen ${id}`),
        screen: ({ id }, args) => taken.push(`screen ${id} ${args.join()}`),
      },
      { link, metrics: new CountingMetrics(), log: silentLog },
    );
    door.start();
    enter(link, ["listen"]);
    enter(link, ["screen", "es"]);
    enter(link, ["own"], ariChannel("RINGFENCE~a~b~snoop~1", { name: "Snoop/1.0-1" }));
    assert.deepEqual(taken, ["listen 1.0", "screen 1.0 es"]);
    assert.equal(link.asked.length, 0);
    for (const args of [["toString"], ["__proto__"], [], undefined, "listen", [7]]) enter(link, args);
    await settle();
    assert.equal(link.count(/^POST \/channels\/1\.0\/continue$/), 6);
    door.close();
    enter(link, ["other"]);
    assert.equal(link.count(/continue/), 6);
  });
});
