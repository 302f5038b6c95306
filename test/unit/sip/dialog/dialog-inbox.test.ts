import assert from "node:assert/strict";
import { test } from "node:test";
import { DialogInbox } from "../../../../gateway/sip/dialog/dialog-inbox.js";

function inbox() {
  const made = new DialogInbox<string, { onRequest(request: string): void }>();
  const told: string[] = [];
  const later: (() => void)[] = [];
  const user = { onRequest: (request: string) => void told.push(request) };
  const setUser = (to: typeof user | undefined): void => {
    made.setUser(to, (fn) => later.push(fn));
  };
  return { made, told, later, user, setUser };
}

test("what came before the user waits for it, in order, and is given once its caller has returned", () => {
  const { made, told, later, user, setUser } = inbox();
  assert.deepEqual([made.give("INFO"), made.give("BYE")], [true, true]);
  setUser(user);
  assert.deepEqual(told, [], "not within the assignment");
  for (const run of later) run();
  assert.deepEqual(told, ["INFO", "BYE"]);
  made.give("UPDATE");
  assert.deepEqual(told, ["INFO", "BYE", "UPDATE"]);
});

test("eight wait, the ninth is turned away; what was taken back waits no more", () => {
  const { made, told, later, user, setUser } = inbox();
  const given = Array.from({ length: 9 }, (_, i) => made.give(`INFO ${i}`));
  assert.deepEqual(given, [...Array<boolean>(8).fill(true), false]);
  setUser(undefined);
  assert.equal(made.takeHeld().length, 8);
  assert.deepEqual(made.takeHeld(), []);
  setUser(user);
  for (const run of later) run();
  assert.deepEqual(told, []);
});
