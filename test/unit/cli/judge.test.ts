import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeFile, utf8Of, type JudgeOptions } from "../../../gateway/cli/judge.js";

interface Ran {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

function run(input: string, options: JudgeOptions = {}, colour = false): Ran {
  const out: string[] = [];
  const err: string[] = [];
  const status = judgeFile("-", options, {
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    read: () => input,
    colour,
  });
  return { status, out, err };
}

const SCAM = JSON.stringify([
  { speaker: "callee", text: "Hello?", atMs: 0 },
  {
    speaker: "caller",
    text: "This is the police. There is a warrant for your arrest. You will go to jail today unless you pay right now.",
    atMs: 1000,
  },
  { speaker: "caller", text: "Buy Google Play gift cards and read me the numbers, tell nobody.", atMs: 9000 },
]);
const CHAT = JSON.stringify([{ speaker: "caller", text: "Hi mum, dinner on sunday?" }]);

test("judge --json: one object a transcript, with a verdict for every turn", () => {
  const { status, out } = run(`${SCAM}\n${CHAT}\n`, { json: true });
  assert.equal(status, 0);
  assert.equal(out.length, 2);
  const [scam, chat] = out.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(Object.keys(scam ?? {}), ["turns", "state", "score", "kind"]);
  const turns = scam?.["turns"] as Record<string, unknown>[];
  assert.deepEqual(Object.keys(turns[0] ?? {}), ["index", "state", "score", "kind", "stage", "evidence"]);
  assert.deepEqual(
    turns.map(({ index }) => index),
    [0, 1, 2],
  );
  assert.equal(scam?.["state"], "scam");
  assert.equal(chat?.["state"], "clear");
});

test("judge: an array over several lines is one transcript, an array of arrays several", () => {
  assert.equal(run(JSON.stringify(JSON.parse(SCAM), null, 2), { json: true }).out.length, 1);
  assert.equal(run(`[${SCAM},${CHAT}]`, { json: true }).out.length, 2);
});

test("judge for people: every turn with its state, and what shows it is marked", () => {
  const { out } = run(SCAM);
  assert.match(out.join("\n"), /»Buy Google Play[^«]*«/);
  assert.match(out.join("\n"), /→ scam, score 0\.\d\d|→ scam, score 1\.00/);
  assert.ok(run(SCAM, {}, true).out.join("").includes("\u001B[1m"));
});

test("judge for people: what was said does not steer the terminal, in no message either", () => {
  const hostile = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202edekcah";
  const steers = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/;
  const said = JSON.stringify([
    { speaker: "caller", text: `${hostile}\r\nBuy Google Play${hostile} gift cards today.` },
  ]);
  for (const line of run(said).out.flatMap((each) => each.split("\n"))) assert.doesNotMatch(line, steers);
  assert.match(run(said).out.join("\n"), /dekcah »?Buy/);
  for (const input of [`[${hostile}]`, '[{"speaker":"\\u009b31m","text":"hi"}]']) {
    assert.doesNotMatch(run(input).err.join(""), steers);
  }
});

const bad = [
  { name: "nothing at all", input: " \n", says: /empty/ },
  { name: "no JSON in line 2", input: `${CHAT}\n{nonsense\n`, says: /^stdin:2: no JSON/ },
  {
    name: "an array over lines that never ends",
    input: '[\n {"speaker":"caller","text":"hi"}\n\n',
    says: /^stdin:2: no JSON/,
  },
  { name: "a string that never ends", input: '[\n {"speaker":"caller",\n  "text":"hi\n', says: /^stdin:3: no JSON/ },
  {
    name: "a comma too many in line 3",
    input: '[\n {"speaker":"caller","text":"hi"},\n {"speaker":"caller","text":"hi",}\n]\n',
    says: /^stdin:3: no JSON: .*position/,
  },
  {
    name: "a word without quotes in line 2, which the parser tells without a position",
    input: '[\n {"speaker":"caller","text":hello},\n {"speaker":"caller","text":"hi"}\n]\n',
    says: /^stdin:2: no JSON/,
  },
  {
    name: "an unknown speaker in line 2",
    input: `${CHAT}\n[{"speaker":"bob","text":"hi"}]`,
    says: /^stdin:2: turn 0: speaker: .*"bob"/,
  },
  { name: "a turn without text", input: '[{"speaker":"caller"}]', says: /^stdin:1: turn 0: text: .*nothing/ },
  { name: "a negative time", input: '[{"speaker":"caller","text":"hi","atMs":-5}]', says: /atMs/ },
  {
    name: "an object, not an array",
    input: '{"speaker":"caller","text":"hi"}',
    says: /an array of turns, found an object/,
  },
  { name: "an empty transcript", input: "[]", says: /no turns/ },
];
for (const { name, input, says } of bad) {
  test(`judge refuses ${name}, with the line, and prints nothing`, () => {
    const { status, out, err } = run(input, { json: true });
    assert.equal(status, 2);
    assert.deepEqual(out, []);
    assert.match(err.join("\n"), says);
  });
}

test("judge: a file that cannot be read is status 1", () => {
  const err: string[] = [];
  const status = judgeFile(
    "gone.json",
    {},
    {
      print: () => undefined,
      complain: (line) => err.push(line),
      read: () => {
        throw new Error("ENOENT");
      },
      colour: false,
    },
  );
  assert.equal(status, 1);
  assert.match(err[0] ?? "", /gone\.json: ENOENT/);
});

test("judge: a file in another coding is refused, and not judged with letters missing", () => {
  assert.equal(utf8Of(Buffer.from("¿Qué código?")), "¿Qué código?");
  for (const coding of ["latin1", "utf16le"] as const)
    assert.throws(() => utf8Of(Buffer.from("\uFEFF¿Qué código?", coding)), /not UTF-8/);
});
