import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../../../../detection/redaction/redactor.js";
import { shownAtLast, type Line } from "../../../support/redacted-talk.js";

const TALKS: readonly { readonly name: string; readonly said: readonly Line[]; readonly shown: readonly string[] }[] = [
  {
    name: "a card in four lines, with the other's okay between",
    said: [
      ["caller", "what is the long number on your card"],
      ["callee", "four one one one"],
      ["caller", "okay"],
      ["callee", "double one double one"],
      ["caller", "go on"],
      ["callee", "one one one one uh one one one one"],
      ["caller", "and the expiry date"],
      ["callee", "twelve twenty eight"],
      ["caller", "and the three digits on the back"],
      ["callee", "one two three"],
    ],
    shown: [
      "what is the long number on your card",
      "[card]",
      "okay",
      "[card]",
      "go on",
      "[card]",
      "and the expiry date",
      "[card]",
      "and the three digits on the back",
      "[code]",
    ],
  },
  {
    name: "digits that nobody asked for",
    said: [
      ["callee", "four one one one"],
      ["caller", "yes"],
      ["callee", "one two three four"],
    ],
    shown: ["[code]", "yes", "[code]"],
  },
  {
    name: "pieces too short to tell by themselves, and read back",
    said: [
      ["caller", "now your account number please"],
      ["callee", "zero one"],
      ["caller", "zero one"],
      ["callee", "two three four"],
      ["caller", "two three four"],
      ["callee", "five six seven"],
    ],
    shown: ["now your account number please", "[id]", "[id]", "[id]", "[id]", "[id]"],
  },
  {
    name: "a code that is asked for in one line and read in the next",
    said: [
      ["caller", "I have just sent you a code, please read it to me"],
      ["callee", "wait, it says 483 921"],
      ["caller", "thank you, the refund of 250 dollars arrives on May 12 2026 at 10 30"],
    ],
    shown: [
      "I have just sent you a code, please read it to me",
      "wait, it says [code]",
      "thank you, the refund of 250 dollars arrives on May 12 2026 at 10 30",
    ],
  },
  {
    name: "Spanish: card and PIN",
    said: [
      ["caller", "dígame el número de su tarjeta"],
      ["callee", "cuatro uno uno uno, doble cero, treinta y dos, cuarenta y cinco"],
      ["caller", "siga"],
      ["callee", "ciento veintitrés quince dieciséis"],
      ["caller", "¿y el PIN?"],
      ["callee", "cero nueve uno dos"],
    ],
    shown: ["dígame el número de su tarjeta", "[card]", "siga", "[card]", "¿y el PIN?", "[code]"],
  },
  {
    name: "a flight and an amount that were asked for",
    said: [
      ["agent", "what is your flight number"],
      ["caller", "two four nine oh"],
      ["agent", "and how much did you pay"],
      ["caller", "1250"],
    ],
    shown: ["what is your flight number", "two four nine oh", "and how much did you pay", "1250"],
  },
  {
    name: "a telephone number that was asked for, after a code",
    said: [
      ["agent", "thank you for the code, what is your phone number"],
      ["caller", "two oh two five five five oh one two three"],
    ],
    shown: ["thank you for the code, what is your phone number", "two oh two five five five oh one two three"],
  },
];
for (const { name, said, shown } of TALKS) {
  test(`talk: ${name}`, () => {
    assert.deepEqual(shownAtLast(said), shown);
  });
}

test("an earlier line comes back when it turns out to be the beginning of a number", () => {
  const redactor = new Redactor();
  const first = redactor.add({ speaker: "callee", text: "so that's fifty five, fifty five", key: 7 });
  assert.equal(first.text, "so that's fifty five, fifty five");
  assert.equal(first.open, true);
  redactor.add({ speaker: "caller", text: "mhm", key: 8 });
  const second = redactor.add({ speaker: "callee", text: "5555 5555 4444", key: 9 });
  assert.equal(second.text, "[card]");
  assert.deepEqual(
    second.revised.map(({ key, text }) => [key, text]),
    [[7, "so that's [card]"]],
  );
  assert.equal(redactor.isOpen(7), false);
});

test("a partial shows nothing of a number that is being said, and leaves no trace", () => {
  const redactor = new Redactor();
  assert.equal(redactor.preview({ speaker: "caller", text: "it is four one one" }).text, "it is [code]");
  assert.equal(redactor.preview({ speaker: "caller", text: "at ten thirty" }).text, "at ten thirty");
  assert.equal(redactor.add({ speaker: "caller", text: "it is four" }).text, "it is four");
});

test("a line that comes late goes to its place", () => {
  const redactor = new Redactor();
  redactor.add({ speaker: "callee", text: "one two", atMs: 3_000 });
  const late = redactor.add({ speaker: "caller", text: "tell me the code", atMs: 1_000 });
  assert.deepEqual(
    late.revised.map(({ key, text }) => [key, text]),
    [[0, "[code]"]],
  );
});

test("what was redacted stays redacted, and lines are forgotten", () => {
  const redactor = new Redactor();
  redactor.add({ speaker: "caller", text: "the code please" });
  redactor.add({ speaker: "callee", text: "one two three four" });
  for (let n = 0; n < 30; n++) {
    const { revised } = redactor.add({
      speaker: n % 2 === 0 ? "caller" : "callee",
      text: "and what about the weather",
    });
    assert.deepEqual(revised, []);
  }
  assert.equal(redactor.isOpen(1), false);
});
