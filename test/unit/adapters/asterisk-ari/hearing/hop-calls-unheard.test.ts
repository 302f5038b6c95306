import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AriHearing } from "../../../../../gateway/adapters/asterisk-ari/hearing/ari-hearing.js";
import type { MediaPath } from "../../../../../gateway/adapters/asterisk-ari/hearing/media-path.js";
import { DEFAULT_OWN_OBJECTS, OwnObjects } from "../../../../../gateway/adapters/asterisk-ari/hearing/own-objects.js";
import { OwnMarks } from "../../../../../gateway/adapters/asterisk-ari/own-marks.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import { CountingMetrics } from "../../../../support/counting-metrics.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { ariChannel, MemoryAriLink, settle } from "../../../../support/memory-ari-link.js";
import { SeededRandom } from "../../../../support/seeded-random.js";

function scene(carried: () => boolean | Promise<boolean>, maxTalks = 10) {
  const [link, clock, metrics] = [new MemoryAriLink(), new FakeClock(), new CountingMetrics()];
  const deps = { link, clock, metrics, log: silentLog };
  const objects = new OwnObjects(DEFAULT_OWN_OBJECTS, { ...deps, marks: new OwnMarks("app", new SeededRandom(1)) });
  /** Callers who are to be heard. */
  const opened: string[] = [];
  const user = {
    carried,
    open: ({ caller }: { caller: { id: string } }) => void opened.push(caller.id),
    close: () => 0,
  };
  const hearing = new AriHearing(
    { which: "all", maxTalks, format: "ulaw", reopenings: 0, reopenMs: 500 },
    { ...deps, objects, path: {} as MediaPath, user },
  );
  hearing.start();
  const answer = async (id: string): Promise<void> => {
    link.tell({ type: "Dial", dialstatus: "ANSWER", caller: ariChannel(id), peer: ariChannel(`${id}-peer`) });
    await settle();
  };
  const end = (id: string): void => link.tell({ type: "ChannelDestroyed", channel: ariChannel(id) });
  const unheard = (): number => metrics.value("ringfence_ari_heard_calls_total", "pbx", "not-heard");
  return { opened, answer, end, unheard };
}

/** Who carries a call is known when `decide` says so. */
function pending() {
  let decide = (_carried: boolean): void => undefined;
  const asked = new Promise<boolean>((resolve) => (decide = resolve));
  return { carried: () => asked, decide: (carried: boolean) => decide(carried) };
}

describe("calls that the hop carries are not heard over ARI", () => {
  for (const [name, carried] of [
    ["known at once", () => true],
    ["known a moment later", () => Promise.resolve(true)],
  ] as const)
    test(name, async () => {
      const { opened, answer, unheard } = scene(carried);
      await answer("1.0");
      assert.deepEqual([opened, unheard()], [[], 1]);
    });

  test("one that is not the hop's is heard as soon as that is known, and not before", async () => {
    const { carried, decide } = pending();
    const { opened, answer } = scene(carried);
    await answer("1.0");
    assert.deepEqual(opened, []);
    decide(false);
    await settle();
    assert.deepEqual(opened, ["1.0"]);
  });

  test("one that is over by then is not heard any more", async () => {
    const { carried, decide } = pending();
    const { opened, answer, end } = scene(carried);
    await answer("1.0");
    end("1.0");
    decide(false);
    await settle();
    assert.deepEqual(opened, []);
  });

  test("one that is found to be the hop's gives its place to the next", async () => {
    const { carried, decide } = pending();
    const calls = [carried, () => false];
    const { opened, answer } = scene(() => calls.shift()?.() ?? false, 1);
    await answer("1.0");
    await answer("2.0");
    assert.deepEqual(opened, []);
    decide(true);
    await settle();
    assert.deepEqual(opened, ["2.0"]);
  });
});
