import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnswer, setVariable, verbose } from "../../../../gateway/adapters/asterisk-agi/agi-command.js";

const written: readonly (readonly [name: string, value: string, expected: string])[] = [
  ["a word", "allow", 'SET VARIABLE X "allow"'],
  ["nothing", "", 'SET VARIABLE X ""'],
  ["spaces", "a b", 'SET VARIABLE X "a b"'],
  ["quotes and backslashes", 'a"b\\c', 'SET VARIABLE X "a\\"b\\\\c"'],
  ["what would be the next command", "x\nHANGUP\r\n", 'SET VARIABLE X "x HANGUP "'],
  [
    "what the dialplan would expand is not touched: AGI does not expand",
    "${SHELL(id)}",
    'SET VARIABLE X "${SHELL(id)}"',
  ],
];
for (const [name, value, expected] of written) {
  test(`agi command: ${name}`, () => assert.equal(setVariable("X", value), expected));
}

test("agi command: a value of a megabyte is cut", () => {
  assert.ok(setVariable("X", "y".repeat(1_048_576)).length < 1_100);
  assert.equal(verbose("hello", 1), 'VERBOSE "hello" 1');
});

const answers: readonly (readonly [line: string, kind: string])[] = [
  ["200 result=1", "done"],
  ["200 result=0", "done"],
  ["200 result=1 (value)", "done"],
  ["200 result=-1", "refused"],
  ["510 Invalid or unknown command", "refused"],
  ["511 Command Not Permitted on a dead channel or intercept routine", "refused"],
  ["520-Invalid command syntax.  Proper usage follows:", "refused"],
  ["200 result=", "nonsense"],
  ["200 result=1x", "nonsense"],
  ["HANGUP", "hangup"],
  ["", "nonsense"],
  ["200", "nonsense"],
  ["agi_network: yes", "nonsense"],
];
for (const [line, kind] of answers) {
  test(`agi answer: ${JSON.stringify(line)} is ${kind}`, () => assert.equal(readAnswer(line).kind, kind));
}
