import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type CallRecord, type SettingChange, type UnixMs } from "../../../detection/index.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { CDR_FEED_RULES } from "../../../gateway/pipeline/records/feed-window.js";
import { RecordNormaliser } from "../../../gateway/pipeline/records/normaliser.js";
import type { IntakePosition } from "../../../gateway/ports/intake-position.js";
import { RecordsFeed } from "../../../gateway/workers/records-feed.js";
import { LogDouble } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";
import { MemoryCallFeed } from "../../support/memory-call-feed.js";

const MINUTE_MS = 60_000;

/** A clock that somebody sets. */
class SetClock extends FakeClock {
  aheadMs = 0;
  override unix = () => unixMs(1_700_000_000_000 + this.mono() + this.aheadMs);
}

/** Answers take their time, and a second new request within a minute is refused, as the service does. */
class SlowFeed extends MemoryCallFeed {
  readonly #clock: FakeClock;
  #askedAt = -Infinity;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  override async *items(from: UnixMs, to: UnixMs, signal: AbortSignal): AsyncIterable<readonly unknown[]> {
    if (this.#clock.mono() - this.#askedAt < MINUTE_MS) throw new GatewayError("webex.unavailable", "HTTP 429");
    this.#askedAt = this.#clock.mono();
    for await (const page of super.items(from, to, signal)) {
      this.#clock.advance(300);
      yield page;
    }
  }
}

function scene(
  positions: Map<string, IntakePosition> = new Map(),
  clock = new SetClock(),
  feed = new MemoryCallFeed(),
  forwardingMs?: number,
  hasDefault = false,
) {
  const taken: CallRecord[] = [];
  const changes: SettingChange[] = [];
  const places: string[] = [];
  const log = new LogDouble();
  const sites = { default: { region: "CO", numberPlan: {} }, bogota: { numberPlan: {} } };
  const poller = new RecordsFeed(
    { pollMs: 5 * MINUTE_MS, rules: CDR_FEED_RULES, forwardingMs },
    {
      feed,
      store: { position: (name) => Promise.resolve(positions.get(name)) },
      normaliser: new RecordNormaliser({ sites, ownNumbers: [], hasDefault }),
      place: (site, timeZone) => places.push(`${site} ${timeZone}`),
      take: (records, changed) => {
        taken.push(...records);
        changes.push(...changed);
      },
      // As the store does it: what is older than what is there is not taken.
      keep: (position) => {
        if (position.at >= (positions.get(position.name)?.at ?? 0)) positions.set(position.name, position);
      },
      clock,
      log,
      metrics: noMetrics,
    },
  );
  const put = (id: string, minutesAgo: number, more: Readonly<Record<string, unknown>> = {}): void => {
    const at = new Date(clock.unix() - minutesAgo * MINUTE_MS).toISOString();
    const number = { "Called number": "+12025550101" };
    feed.records.push({ "Report ID": id, "Report time": at, "Start time": at, ...number, ...more });
  };
  return { clock, feed, taken, changes, poller, put, positions, places, log };
}

test("what is new is taken; the position goes on", async () => {
  const { clock, poller, put, taken, feed } = scene();
  put("a", 40);
  put("b", 20);
  assert.equal(await poller.poll(), 0);
  assert.deepEqual(
    taken.map(({ id }) => id),
    ["a", "b"],
  );
  clock.advance(10 * MINUTE_MS);
  put("late", 12);
  await poller.poll();
  assert.ok(taken.some(({ id }) => id === "late"));
  assert.ok((feed.asked[1]?.[0] ?? 0) < (feed.asked[0]?.[1] ?? 0), "windows overlap, so that late records are seen");
});

test("a poll that breaks off moves no position, and the next one reads all of it", async () => {
  const { clock, feed, poller, put, positions, taken } = scene();
  put("a", 20);
  feed.failure = new GatewayError("webex.unavailable", "429", { cause: { retryAfterMs: 600_000 } });
  assert.equal(await poller.poll(), 600_000);
  assert.equal(positions.size, 0);
  feed.failure = undefined;
  clock.advance(600_000);
  await poller.poll();
  assert.deepEqual(
    taken.map(({ id }) => id),
    ["a"],
  );
});

test("a new process goes on where the old one stopped", async () => {
  const first = scene();
  await first.poller.poll();
  const second = scene(first.positions);
  second.clock.advance(60 * MINUTE_MS);
  await second.poller.poll();
  const [from] = second.feed.asked[0] ?? [];
  const readTo = first.feed.asked[0]?.[1] ?? 0;
  assert.equal(from, readTo - CDR_FEED_RULES.overlapMs);
});

test("an item that is none is passed over, the others are taken", async () => {
  const { feed, poller, put, taken } = scene();
  put("a", 30);
  const [first] = feed.records;
  assert.ok(first);
  feed.records.push({ ...first, "Start time": "yesterday", "Report ID": "bad" });
  await poller.poll();
  assert.deepEqual(
    taken.map(({ id }) => id),
    ["a"],
  );
});

/** Time goes on while something is at work, second by second. */
async function seconds(clock: FakeClock, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("an ordinary poll asks once, though time goes on while it is answered", async () => {
  const clock = new SetClock();
  const feed = new SlowFeed(clock);
  const { poller } = scene(new Map(), clock, feed);
  for (let poll = 1; poll <= 3; poll++) {
    assert.equal(await poller.poll(), 0);
    assert.equal(feed.asked.length, poll);
    clock.advance(5 * MINUTE_MS);
  }
});

test("after an outage windows follow each other no faster than the service allows, and none is refused", async () => {
  const first = scene();
  await first.poller.poll();
  const clock = new SetClock();
  clock.advance(40 * 60 * MINUTE_MS);
  const feed = new SlowFeed(clock);
  const { poller } = scene(first.positions, clock, feed);
  const poll = poller.poll();
  await seconds(clock, 300);
  assert.equal(await poll, 0);
  assert.equal(feed.asked.length, 4);
  const gaps = feed.asked.slice(1).map(([from], at) => (feed.asked[at]?.[1] ?? 0) - from);
  assert.ok(gaps.every((overlap) => overlap === CDR_FEED_RULES.overlapMs));
});

test("a clock that was 55 minutes ahead leaves no hole: set right while we run, or before a restart", async () => {
  for (const restarts of [false, true]) {
    const clock = new SetClock();
    const before = scene(new Map(), clock);
    before.put("old", 20);
    clock.aheadMs = 55 * MINUTE_MS;
    await before.poller.poll();
    clock.aheadMs = 0;
    clock.advance(restarts ? 60 * MINUTE_MS : 5 * MINUTE_MS);
    const after = restarts ? scene(before.positions, clock) : before;
    const start = clock.unix();
    for (let poll = 0; poll < 14; poll++) {
      await after.poller.poll();
      clock.advance(5 * MINUTE_MS);
    }
    const asked = after.feed.asked.slice(restarts ? 0 : 1);
    const from = Math.min(...asked.map(([each]) => each));
    assert.ok(from < start - (restarts ? 60 : 5) * MINUTE_MS, `asked from ${(from - start) / MINUTE_MS} minutes`);
    assert.ok(
      asked.every(([each], at) => at === 0 || each <= (asked[at - 1]?.[1] ?? 0)),
      "without a hole",
    );
  }
});

test("forwarding: a user who is refused is passed over; when all are, the look ends", async () => {
  const { feed, poller, changes, clock } = scene();
  for (const id of ["a", "b", "c"]) feed.persons.push({ id, user: id, site: undefined });
  feed.refused.add("b");
  const look = async (): Promise<number> => {
    const looking = poller.lookAtForwarding();
    await seconds(clock, 20);
    return looking;
  };
  await look();
  feed.always.set("a", "+882160000001");
  feed.always.set("c", "+882160000002");
  await look();
  assert.deepEqual(
    changes.map(({ user }) => user),
    ["a", "c"],
  );
  for (let i = 0; i < 30; i++) {
    feed.persons.push({ id: `p${i}`, user: `p${i}`, site: undefined });
    feed.refused.add(`p${i}`);
  }
  const before = feed.looked;
  await look();
  assert.equal(feed.looked - before, 13);
});

test("forwarding: a poll that is due is not kept waiting by a look at thousands of users", async () => {
  const { feed, poller, clock } = scene(new Map(), new SetClock(), new MemoryCallFeed(), 15 * MINUTE_MS);
  for (let i = 0; i < 2_000; i++) feed.persons.push({ id: `p${i}`, user: `p${i}`, site: undefined });
  poller.start();
  await seconds(clock, 660);
  assert.ok(feed.looked > 400 && feed.looked < 2_000);
  assert.equal(feed.asked.length, 3);
  await poller.close();
});

test("closing ends the request under way and polls no more", async () => {
  const { clock, feed, poller } = scene();
  poller.start();
  await poller.close();
  clock.advance(60 * MINUTE_MS);
  await poller.close();
  assert.deepEqual(feed.asked, []);
});

const ZONES: readonly { readonly found: unknown; readonly zone: string | undefined }[] = [
  { found: "-300", zone: "-05:00" },
  { found: 330, zone: "+05:30" },
  { found: "0", zone: "+00:00" },
  { found: "+02:00", zone: "+02:00" },
  { found: "Europe/Madrid", zone: "Europe/Madrid" },
  { found: "Mars/X", zone: undefined },
  { found: "99999", zone: undefined },
  { found: "NA", zone: undefined },
];
for (const { found, zone } of ZONES) {
  test(`a location that is not configured has the time zone of its records: ${String(found)}`, async () => {
    const { poller, put, places, taken } = scene();
    put("a", 30, { Location: "Richardson", "Site timezone": found });
    await poller.poll();
    assert.equal(taken.length, 1);
    assert.deepEqual(places, zone === undefined ? [] : [`Richardson ${zone}`]);
  });
}

test("a location that is not configured is told of once; one that is, and all where a default is, are not", async () => {
  const { poller, put, places, log, clock } = scene();
  for (const Location of ["Richardson", "bogota", "Richardson", "Austin"])
    put(Location, 30, { Location, "Site timezone": "-360" });
  await poller.poll();
  clock.advance(5 * MINUTE_MS);
  put("later", 8, { Location: "Austin", "Site timezone": "-300" });
  await poller.poll();
  const told = log.lines.filter(({ event }) => event === "records.site-unknown");
  assert.deepEqual(
    told.map(({ fields }) => fields),
    ["Richardson", "Austin"].map((site) => ({ site, timeZone: "-06:00" })),
  );
  assert.deepEqual(places, ["Richardson -06:00", "Austin -06:00", "Austin -05:00"]);
  const other = scene(new Map(), new SetClock(), new MemoryCallFeed(), undefined, true);
  other.put("a", 30, { Location: "Austin", "Site timezone": "-360" });
  await other.poller.poll();
  assert.equal(other.log.lines.length, 0);
  assert.deepEqual(other.places, ["Austin -06:00"]);
});
