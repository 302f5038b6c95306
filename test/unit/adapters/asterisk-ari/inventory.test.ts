import assert from "node:assert/strict";
import { test } from "node:test";
import { Inventory, type InventoryUser, type Stock } from "../../../../gateway/adapters/asterisk-ari/inventory.js";
import { ChannelBook, DEFAULT_CHANNEL_BOOK } from "../../../../gateway/adapters/asterisk-ari/watch/channel-book.js";
import { Resync } from "../../../../gateway/adapters/asterisk-ari/watch/resync.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { ariChannel, MemoryAriLink, settle } from "../../../support/memory-ari-link.js";

const CHANNELS = /^GET \/channels$/;

/** An inventory, what its users are told, and time that passes. */
function scene(users: readonly Partial<InventoryUser>[] = [{}]) {
  const link = new MemoryAriLink();
  const clock = new FakeClock();
  const told: string[] = [];
  const all = users.map((user, index): InventoryUser => {
    const name = `user${index}`;
    return {
      onLoading: () => void told.push(`${name} loading`),
      onNotLoaded: () => void told.push(`${name} not loaded`),
      onStock: ({ channels }) => {
        told.push(`${name} ${channels.length}`);
        return Promise.resolve();
      },
      ...user,
    };
  });
  const inventory = new Inventory(link, all, { clock, log: silentLog });
  inventory.start();
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      clock.advance(1_000);
      await settle();
    }
  };
  return { link, clock, told, inventory, pass };
}

test("an Asterisk that does not tell what it has is asked again, for as long as its events come", async () => {
  const { link, told, inventory, pass } = scene();
  link.fails = { like: CHANNELS, code: "ari.unavailable" };
  link.tellUp();
  await pass(110_000);
  assert.deepEqual(told, ["user0 loading", "user0 not loaded", "user0 loading"]);
  await pass(600_000);
  const tries = link.count(CHANNELS);
  assert.ok(tries > 40 && tries <= 80, `${tries} tries in twelve minutes`);
  link.fails = undefined;
  link.answers.set("GET /channels", [ariChannel("1.0")]);
  link.answers.set("GET /bridges", []);
  await pass(120_000);
  assert.equal(told.at(-1), "user0 1");
  inventory.close();
  inventory.close();
});

test("nobody asks any more once it is closed, or a newer question is under way", async () => {
  const { link, told, inventory, pass } = scene();
  link.fails = { like: CHANNELS, code: "ari.unavailable" };
  link.tellUp();
  await pass(2_000);
  link.tellUp();
  await settle();
  assert.deepEqual(told, ["user0 loading", "user0 loading"]);
  inventory.close();
  const tries = link.count(CHANNELS);
  await pass(300_000);
  assert.equal(link.count(CHANNELS), tries);
});

test("one user after the other; one that fails does not keep the next from its turn", async () => {
  let done = (): void => undefined;
  const slow = { onStock: () => new Promise<void>((resolve) => (done = resolve)) };
  const { link, told, pass } = scene([slow, { onStock: () => Promise.reject(new Error("bug")) }, {}]);
  link.answers.set("GET /channels", []);
  link.answers.set("GET /bridges", []);
  link.tellUp();
  await pass(5_000);
  assert.ok(!told.includes("user2 0"));
  done();
  await pass(3_000);
  assert.ok(told.includes("user2 0"));
});

test("what events say while it does not answer is not kept for ever", () => {
  const user = { callId: String, now: () => new FakeClock().unix() };
  const quiet = () => undefined;
  const book = new ChannelBook(DEFAULT_CHANNEL_BOOK, {
    ...user,
    onBegan: quiet,
    onSeen: quiet,
    onDialled: quiet,
    onAnswered: quiet,
    onFoundUp: quiet,
    onEnded: quiet,
    onOverflow: quiet,
  });
  const resync = new Resync(book, new FakeClock(), silentLog);
  const note = (count: number): void => {
    for (let at = 0; at < count; at++) resync.note({ type: "ChannelDestroyed", channel: ariChannel(`1.${at}`) });
  };
  resync.begin();
  note(3);
  assert.equal(resync.noted, 3);
  resync.cancel();
  note(100);
  assert.equal(resync.noted, 0);
});

test("a stock that is overtaken by a newer one goes no further", async () => {
  const stocks: Stock[] = [];
  let release = (): void => undefined;
  const first = { onStock: () => new Promise<void>((resolve) => (release = resolve)) };
  const second = {
    onStock: (stock: Stock) => {
      stocks.push(stock);
      return Promise.resolve();
    },
  };
  const { link, pass } = scene([first, second]);
  link.answers.set("GET /channels", []);
  link.answers.set("GET /bridges", []);
  link.tellUp();
  await pass(1_000);
  const old = release;
  link.tellUp();
  await pass(1_000);
  old();
  await pass(3_000);
  assert.equal(stocks.length, 0);
  release();
  await pass(3_000);
  assert.equal(stocks.length, 1);
});
