import assert from "node:assert/strict";
import { test } from "node:test";
import { CallTable, CALL_ENDED } from "../../../../detection/masking/call-table.js";
import { KnownCallers } from "../../../../detection/masking/known-callers.js";
import { NumberTable } from "../../../../detection/masking/number-table.js";
import { caller, DetectionScene, to, verdicts } from "../../../support/detection-scene.js";
import { SeededRandom } from "../../../support/seeded-random.js";

test("ten million random numbers: the table never grows, and a number under attack is not pushed out by them", () => {
  const table = new NumberTable(8, 5);
  const { bytes, capacity } = table;
  const random = new SeededRandom(7);
  const windowMs = 5_000;
  let sequence = 0;
  let victimCount = 0;
  for (let i = 0; i < 10_000_000; i++) {
    // 100,000 random numbers within one window, one call to the victim in every 20,000 of them.
    const time = Math.floor(i / 20) | 0;
    if (i % 20_000 === 0) victimCount = table.observe(77, 99, 1 + i / 20_000, time, ++sequence, windowMs);
    const high = (random.next() * 4_294_967_296) | 0;
    const low = Math.imul(high, 0x9e3779b1) ^ i;
    table.observe(high, low, 1 + (i & 0xff), time, ++sequence, windowMs);
  }
  assert.equal(table.bytes, bytes);
  assert.ok(table.size <= capacity);
  assert.ok(table.evicted > 9_000_000);
  assert.equal(victimCount, 5, "five callers of the victim in the last window");
});

test("a flood of random numbers does not hide an attack behind it, and watches nothing", () => {
  const scene = new DetectionScene({ memory: { windowMiB: 16, recentCalls: 65_536 } });
  const decisions = [];
  for (let i = 0; i < 60_000; i++) {
    if (i % 12_000 === 11_999) decisions.push(scene.call(Math.floor(i / 15), Math.floor(i / 12_000)));
    scene.call(Math.floor(i / 15), i % 5_000, to(`+1909${String(i).padStart(7, "0")}`));
  }
  assert.equal(verdicts(decisions), "aaaar");
  assert.equal(scene.detection.stats().watchedNumbers, 1);
});

test("many numbers with three callers each fill the watch list, not memory; an attack is seen all the same", () => {
  const scene = new DetectionScene({ memory: { watchedNumbers: 50 } });
  for (let n = 0; n < 2_000; n++) scene.burst(n * 10, 0, 3, 1, to(`+1909${String(n).padStart(7, "0")}`));
  assert.ok(scene.detection.stats().watchedNumbers <= 50);
  assert.equal(verdicts(scene.burst(30_000, 100, 6)), "aaaarr");
});

test("a watch list full of busy numbers does not keep an attacked one out", () => {
  const scene = new DetectionScene({ memory: { watchedNumbers: 50 } });
  const rows = Array.from({ length: 60 }, (_, i) => ({ called: `+190900000${i}`, callersPerWindow: 9 }));
  assert.equal(scene.detection.importBaseline(rows), 40, "80 % of the list");
  for (let n = 0; n < 20; n++) scene.burst(n * 10_000, 0, 3, 1, to(`+1808000000${n}`));
  assert.equal(verdicts(scene.burst(300_000, 100, 6)), "aaaarr");
});

test("more attacks at once than incidents may be open: the oldest gives way, the newest is acted upon", () => {
  const scene = new DetectionScene({ memory: { openIncidents: 3 } });
  for (let n = 0; n < 10; n++) {
    assert.equal(verdicts(scene.burst(n * 600, n * 10, 5, 100, to(`+1202555013${n}`))), "aaaar", `attack ${n}`);
  }
  assert.equal(scene.detection.stats().openIncidents, 3);
  assert.equal(scene.detection.stats().incidentsOpened, 10);
});

test("of many open incidents those are copied that are asked for", () => {
  const scene = new DetectionScene();
  for (let n = 0; n < 5; n++) scene.burst(n * 10, 0, 5, 1, to(`+1202555019${n}`));
  const called = (wanted?: Parameters<typeof scene.detection.incidents>[0]) =>
    scene.detection.incidents(wanted).map((incident) => incident.called.at(-1));
  assert.deepEqual(called(), ["0", "1", "2", "3", "4"]);
  assert.deepEqual(called({ most: 2 }), ["3", "4"]);
  const second = scene.detection.incidents()[1]?.id ?? "";
  assert.deepEqual(called({ ids: new Set([second, "none"]) }), ["1"]);
});

test("an attack of 30,000 callers stays within its limits and is refused to the end", () => {
  const scene = new DetectionScene({ block: { maxPerIncident: 100 } });
  const decisions = scene.burst(0, 0, 30_000, 1);
  assert.equal(verdicts(decisions), "aaaa" + "r".repeat(29_996));
  const incident = scene.detection.incidents()[0];
  assert.equal(incident?.callerCount, 30_000);
  assert.equal(incident.callers.length, 200);
  assert.equal(incident.calls.length, 200);
  assert.ok(scene.detection.blocks().length <= 102);
  const reports = scene.kinds().filter((kind) => kind === "incident extended").length;
  assert.ok(reports <= 85, `${reports} reports`);
});

test("a full block book adds nothing; the incident still refuses its trunk", () => {
  const scene = new DetectionScene({ memory: { blocks: 3 } });
  scene.burst(0, 0, 8);
  assert.equal(scene.detection.blocks().length, 3);
  assert.equal(scene.call(900, 50).verdict, "refuse");
});

test("Call-IDs of any length and any characters come back as they were, when an incident names them", () => {
  const scene = new DetectionScene();
  const ids = [
    "short",
    "x".repeat(127),
    "y".repeat(128),
    "z".repeat(5_000),
    "naïve-\u00ff@192.0.2.1",
    "\u4e2d\u6587",
    "",
  ];
  ids.forEach((callId, i) => scene.call(i * 10, i, { callId }));
  const incident = scene.detection.incidents()[0];
  assert.deepEqual(
    incident?.calls.map((call) => call.callId),
    ids,
  );
  assert.deepEqual(scene.ended(), ids.slice(0, 4));
});

test("callers of any length and any characters come back as they were, when an incident names them", () => {
  const scene = new DetectionScene();
  const callers = ["A001", "x".repeat(44), "y".repeat(45), "z".repeat(300), "\u4e2d\u6587"];
  callers.forEach((from, i) => scene.call(i * 10, from));
  assert.deepEqual(scene.detection.incidents()[0]?.callers, callers);
});

test("call table: ended calls make room first, then the oldest", () => {
  const table = new CallTable(4);
  for (let i = 1; i <= 4; i++) table.observe(i, 0, i, i * 10, false);
  table.mark(3, 0, CALL_ENDED);
  table.observe(5, 0, 5, 50, false);
  assert.equal(table.state(3, 0, 3), undefined);
  assert.equal(table.state(1, 0, 1), 0);
  table.observe(6, 0, 6, 60, false);
  assert.equal(table.state(1, 0, 1), undefined);
});

test("known callers: the pair seen longest ago is forgotten first; a forgotten attacker is a stranger", () => {
  const known = new KnownCallers(8);
  for (let i = 1; i <= 9; i++) known.note(i, 0, i * 100);
  assert.deepEqual([known.lastSeen(1, 0), known.lastSeen(2, 0), known.lastSeen(9, 0)], [0, 200, 900]);
  known.forget(9, 0);
  assert.equal(known.lastSeen(9, 0), 0);
});

test("numbers not called for long are cleared in passing, live ones are not", () => {
  const table = new NumberTable(1, 5);
  table.observe(1, 1, 5, 0, 1, 5_000);
  table.observe(2, 2, 5, 90_000_000, 2, 5_000);
  table.scrub(90_000_100, 86_400_000, table.capacity);
  assert.equal(table.size, 1);
  assert.equal(table.observe(2, 2, 6, 90_000_200, 3, 5_000), 2);
});

test("a caller of a live number who did not call for long is cleared in passing, before 32-bit time comes round to him", () => {
  const table = new NumberTable(1, 5);
  const day = 86_400_000;
  const callers = (): number[] => {
    const found: number[] = [];
    table.callers(table.lastSlot, (caller) => found.push(caller));
    return found.sort();
  };
  table.observe(1, 1, 5, 0, 1, 5_000);
  for (let days = 0.75; days < 60; days += 0.75) {
    table.observe(1, 1, 6, (days * day) | 0, 2, 5_000);
    table.scrub((days * day) | 0, day, table.capacity);
    assert.deepEqual(callers(), days < 1 ? [5, 6] : [6], `${days} days`);
  }
});

test("events with the longest ids a peer can send change nothing in the tables' size", () => {
  const scene = new DetectionScene();
  const { tableBytes } = scene.detection.stats();
  for (let i = 0; i < 200; i++) scene.call(i, `${"9".repeat(60)}${i}`, { callId: `${"x".repeat(4_000)}${i}` });
  assert.equal(scene.detection.stats().tableBytes, tableBytes);
  assert.equal(scene.call(300, caller(1), to("+12025550188")).verdict, "allow");
});
