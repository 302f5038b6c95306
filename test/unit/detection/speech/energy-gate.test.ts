import assert from "node:assert/strict";
import { test } from "node:test";
import { EnergyGate } from "../../../../detection/index.js";

const FRAME_MS = 20;
const frames = (ms: number): number => ms / FRAME_MS;

/** @returns How many of the frames the gate let through. */
function feed(gate: EnergyGate, levelDb: number, ms: number, speaking = false): number {
  let open = 0;
  for (let i = 0; i < frames(ms); i++) if (gate.push(levelDb, FRAME_MS, speaking)) open++;
  return open;
}

test("digital silence and line noise never open the gate", () => {
  const gate = new EnergyGate();
  assert.equal(feed(gate, -127, 10_000), 0);
  assert.equal(feed(gate, -66, 10_000), 0);
  assert.equal(feed(gate, -55, 10_000), 0);
});

test("talk opens it at once; it stays open 400 ms after the last loud frame", () => {
  const gate = new EnergyGate();
  feed(gate, -66, 3_000);
  assert.equal(feed(gate, -30, 500), frames(500));
  assert.equal(feed(gate, -66, 2_000), frames(400) - 1);
});

test("constant noise is learned within four seconds, and talk above it still opens the gate", () => {
  const gate = new EnergyGate();
  feed(gate, -66, 3_000);
  feed(gate, -35, 5_000);
  assert.equal(feed(gate, -35, 5_000), 0);
  assert.equal(gate.floorDb, -35);
  assert.ok(feed(gate, -27, 200) > 0);
});

test("noise that stops is forgotten at once", () => {
  const gate = new EnergyGate();
  feed(gate, -35, 10_000);
  feed(gate, -66, 40);
  assert.ok(feed(gate, -45, 100) > 0);
});

test("talk with pauses does not become the noise", () => {
  const gate = new EnergyGate();
  for (let i = 0; i < 60; i++) {
    assert.ok(feed(gate, -25, 900) === frames(900), `talk ${i}`);
    feed(gate, -62, 100);
  }
});

test("while somebody is known to speak, the gate stays open and learns nothing", () => {
  const gate = new EnergyGate();
  feed(gate, -66, 2_000);
  assert.equal(feed(gate, -20, 20_000, true), frames(20_000));
  assert.equal(gate.floorDb, -66);
});

test("however loud the noise, what is louder than −13 dB opens it", () => {
  const gate = new EnergyGate();
  feed(gate, -5, 10_000);
  assert.ok(feed(gate, -12, 100) > 0);
});
