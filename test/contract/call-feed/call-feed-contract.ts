import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { unixMs } from "../../../detection/index.js";
import type { CallFeed } from "../../../gateway/ports/call-feed.js";

export interface FeedScene {
  readonly feed: CallFeed;
  /** Records whose report time is so many minutes ago. */
  readonly put: (...minutesAgo: readonly number[]) => void;
  readonly person: (uuid: string, always: string) => void;
  readonly now: number;
}

const MINUTE_MS = 60_000;

/** What every CallFeed has to do. */
export function callFeedContract(name: string, make: (t: TestContext) => Promise<FeedScene>): void {
  const read = async ({ feed, now }: FeedScene, from: number, to: number): Promise<unknown[]> => {
    const items: unknown[] = [];
    const signal = new AbortController().signal;
    for await (const page of feed.items(unixMs(now - from * MINUTE_MS), unixMs(now - to * MINUTE_MS), signal))
      items.push(...page);
    return items.map((item) => (item as { "Report ID": unknown })["Report ID"]);
  };

  test(`${name}: all pages of the window, and nothing outside of it`, async (t) => {
    const scene = await make(t);
    scene.put(90, 50, 40, 30, 20, 10);
    assert.deepEqual(await read(scene, 60, 15), ["50", "40", "30", "20"]);
  });

  test(`${name}: a window without records has none`, async (t) => {
    assert.deepEqual(await read(await make(t), 60, 15), []);
  });

  test(`${name}: people by the name that their records have, and where their calls go`, async (t) => {
    const scene = await make(t);
    const uuid = "11a3f990-a689-477d-be6b-712002500001";
    scene.person(uuid, "+5351234567");
    const { signal } = new AbortController();
    const targets: Record<string, string> = {};
    for await (const page of scene.feed.people(signal)) {
      for (const { id, user } of page) targets[user] = (await scene.feed.forwarding(id, signal)).always;
    }
    assert.deepEqual(targets, { [uuid]: "+5351234567" });
  });

  test(`${name}: an aborted request ends with the signal's reason`, async (t) => {
    const scene = await make(t);
    scene.put(30);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(async () => {
      for await (const page of scene.feed.items(
        unixMs(scene.now - 60 * MINUTE_MS),
        unixMs(scene.now - 15 * MINUTE_MS),
        signal,
      ))
        assert.fail(`a page of ${page.length}`);
    }, reason);
  });
}
