import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { monoMs, type ThreatState } from "../../../../detection/index.js";
import { ScreeningMachine, type ScreeningOutput } from "../../../../gateway/pipeline/screening/screening-machine.js";
import { DEFAULT_SCREENING, type ScreeningOptions } from "../../../../gateway/pipeline/screening/screening-options.js";

const OPTIONS: ScreeningOptions = {
  ...DEFAULT_SCREENING,
  silenceMs: 5_000,
  endOfSpeechMs: 800,
  answerMs: 20_000,
  textMs: 3_000,
  keypadMs: 6_000,
  promptMs: 15_000,
  maxMs: 60_000,
};
const MEASURE = { fillers: new Set(["hello"]), promptWords: new Set<string>() };

type Step =
  | readonly [at: number, what: "prompted" | "gone" | "fail"]
  | readonly [at: number, what: "talks" | "stops", agoMs?: number]
  | readonly [at: number, what: "partial" | "final" | "digit", text: string]
  | readonly [at: number, what: "judged", state: ThreatState];

/** Runs the steps in time, deadlines between them, and then to the end. @returns What came out, and when. */
function run(steps: readonly Step[], options: Partial<ScreeningOptions> = {}, history = 0) {
  const machine = new ScreeningMachine({ ...OPTIONS, ...options }, MEASURE, history);
  const log: string[] = [];
  const note = (at: number, outputs: readonly ScreeningOutput[]): void => {
    for (const output of outputs) log.push(`${at} ${written(output)}`);
  };
  const pass = (until: number): void => {
    for (let due = machine.deadline; due !== undefined && due <= until; due = machine.deadline)
      note(due, machine.onTime(due));
  };
  note(0, machine.start(monoMs(0)));
  for (const step of steps) {
    pass(step[0]);
    note(step[0], take(machine, step));
  }
  pass(Number.MAX_SAFE_INTEGER);
  return { log, machine };
}

function take(machine: ScreeningMachine, step: Step): readonly ScreeningOutput[] {
  const now = monoMs(step[0]);
  switch (step[1]) {
    case "prompted":
      return machine.prompted(now);
    case "gone":
      machine.gone();
      return [];
    case "fail":
      return machine.fail();
    case "talks":
    case "stops":
      return machine.speech(now, step[1] === "talks", monoMs(now - (step[2] ?? 0)));
    case "partial":
    case "final":
      return machine.line(now, step[2], step[1] === "final");
    case "digit":
      return machine.digit(now, step[2]);
    case "judged":
      return machine.judged(now, step[2]);
  }
}

function written(output: ScreeningOutput): string {
  switch (output.kind) {
    case "say":
      return `say ${output.prompt}`;
    case "hush":
      return "hush";
    case "done":
      return `${output.result}: ${output.reason}`;
  }
}

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly options?: Partial<ScreeningOptions>;
  readonly history?: number;
  readonly log: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "an answer passes 800 ms after its last word, whenever its text comes before that",
    steps: [
      [4_000, "prompted"],
      [5_000, "talks"],
      [7_400, "stops", 400],
      [7_450, "final", "Martha, about the heating"],
      [7_460, "judged", "clear"],
      [9_000, "prompted"],
    ],
    log: ["0 say ask", "7800 hush", "7800 say pass", "9000 pass: answered"],
  },
  {
    name: "a late text is waited for, and nothing more",
    steps: [
      [4_000, "prompted"],
      [5_000, "talks"],
      [7_400, "stops", 400],
      [9_000, "final", "Martha, about the heating"],
      [9_010, "judged", "clear"],
      [9_500, "prompted"],
    ],
    log: ["0 say ask", "9010 hush", "9010 say pass", "9500 pass: answered"],
  },
  {
    name: "who speaks while the prompt is played stops it",
    steps: [
      [1_000, "talks"],
      [3_400, "stops", 400],
      [3_450, "final", "Martha, about the heating"],
      [3_460, "judged", "clear"],
      [5_000, "prompted"],
    ],
    log: ["0 say ask", "1000 hush", "3800 hush", "3800 say pass", "5000 pass: answered"],
  },
  {
    name: "without anything that tells of speech on the line texts alone do",
    steps: [
      [4_000, "prompted"],
      [6_500, "partial", "Mart"],
      [7_500, "final", "Martha, about"],
      [7_510, "judged", "clear"],
      [8_000, "partial", "the"],
      [9_000, "final", "the heating"],
      [9_010, "judged", "clear"],
      [11_000, "prompted"],
    ],
    log: ["0 say ask", "9800 hush", "9800 say pass", "11000 pass: answered"],
  },
  {
    name: "a pause between two sentences ends nothing",
    steps: [
      [4_000, "prompted"],
      [5_000, "talks"],
      [6_400, "stops", 400],
      [6_450, "final", "this is Martha"],
      [6_460, "judged", "clear"],
      [6_700, "talks"],
      [9_400, "stops", 400],
      [9_450, "final", "it is about the heating"],
      [9_460, "judged", "clear"],
      [12_000, "prompted"],
    ],
    log: ["0 say ask", "9800 hush", "9800 say pass", "12000 pass: answered"],
  },
  {
    name: "a sure fraud is answered in the middle of the sentence",
    steps: [
      [4_000, "prompted"],
      [5_000, "talks"],
      [9_000, "final", "this is the fraud department of your bank"],
      [9_005, "judged", "scam"],
      [9_900, "talks"],
      [10_000, "final", "please"],
      [11_000, "prompted"],
    ],
    log: ["0 say ask", "9005 hush", "9005 say goodbye", "11000 goodbye: scam"],
  },
  {
    name: "silence is asked again, then there are keys, then voicemail",
    steps: [
      [4_000, "prompted"],
      [12_000, "prompted"],
      [20_000, "prompted"],
      [28_000, "prompted"],
    ],
    log: ["0 say ask", "9000 say again", "17000 say keypad", "26000 say voicemail", "28000 voicemail: silence"],
  },
  {
    name: "key 1 puts through, even while it is being offered",
    steps: [
      [4_000, "prompted"],
      [12_000, "prompted"],
      [18_000, "digit", "1"],
      [19_000, "prompted"],
    ],
    log: ["0 say ask", "9000 say again", "17000 say keypad", "18000 hush", "18000 say pass", "19000 pass: keypad"],
  },
  {
    name: "key 2 leaves a message; other keys are none, and before the offer no key is",
    steps: [
      [1_000, "digit", "1"],
      [4_000, "prompted"],
      [12_000, "prompted"],
      [18_000, "digit", "7"],
      [18_100, "digit", "2"],
      [19_000, "prompted"],
    ],
    log: [
      "0 say ask",
      "9000 say again",
      "17000 say keypad",
      "18100 hush",
      "18100 say voicemail",
      "19000 voicemail: keypad",
    ],
  },
  {
    name: "one word in each of two rounds is an answer",
    steps: [
      [4_000, "prompted"],
      [5_000, "final", "Martha"],
      [5_010, "judged", "clear"],
      [8_000, "prompted"],
      [9_000, "final", "heating"],
      [9_010, "judged", "clear"],
      [11_000, "prompted"],
    ],
    log: ["0 say ask", "5800 say again", "9800 hush", "9800 say pass", "11000 pass: answered"],
  },
  {
    name: "sound without words is not understood",
    steps: [
      [4_000, "prompted"],
      [5_000, "talks"],
      [6_400, "stops", 400],
      [11_000, "prompted"],
      [12_000, "talks"],
      [13_400, "stops", 400],
      [18_000, "prompted"],
      [19_000, "talks"],
      [20_400, "stops", 400],
      [25_000, "prompted"],
    ],
    log: ["0 say ask", "9000 say again", "16000 say keypad", "23000 say voicemail", "25000 voicemail: unclear"],
  },
  {
    name: "sound that never ends has the longest answer's time",
    steps: [
      [4_000, "prompted"],
      [5_000, "talks"],
    ],
    options: { answerMs: 10_000 },
    log: ["0 say ask", "15000 say again", "35000 say keypad", "56000 say voicemail", "71000 voicemail: silence"],
  },
  {
    name: "noise after the words keeps nobody waiting longer than a text takes",
    steps: [
      [4_000, "prompted"],
      [5_000, "talks"],
      [6_500, "final", "Martha, about the heating"],
      [6_510, "judged", "clear"],
      [11_000, "prompted"],
    ],
    log: ["0 say ask", "9500 hush", "9500 say pass", "11000 pass: answered"],
  },
  {
    name: "all of it together has an end",
    steps: [[4_000, "prompted"]],
    options: { maxMs: 7_000, onSilence: "goodbye" },
    log: ["0 say ask", "7000 hush", "7000 say goodbye", "22000 goodbye: too-long"],
  },
  {
    name: "prompts whose end nobody tells take their longest time",
    steps: [],
    options: { promptMs: 1_000, silenceMs: 1_000, keypadMs: 1_000 },
    log: ["0 say ask", "2000 say again", "4000 say keypad", "6000 say voicemail", "7000 voicemail: silence"],
  },
  {
    name: "words that nobody judged let the call go on",
    steps: [
      [4_000, "prompted"],
      [5_000, "final", "Martha, about the heating"],
    ],
    log: ["0 say ask", "5800 unavailable: unavailable"],
  },
  {
    name: "a suspicion goes to voicemail",
    steps: [
      [5_000, "final", "your account is in danger"],
      [5_010, "judged", "suspicious"],
      [5_020, "judged", "clear"],
      [7_000, "prompted"],
    ],
    log: ["0 say ask", "5000 hush", "5800 hush", "5800 say voicemail", "7000 voicemail: suspicious"],
  },
  {
    name: "who hangs up is told nothing more",
    steps: [
      [4_000, "prompted"],
      [4_500, "gone"],
      [5_000, "final", "Martha, about the heating"],
      [5_010, "judged", "scam"],
      [5_020, "digit", "1"],
    ],
    log: ["0 say ask"],
  },
  {
    name: "a fault of ours lets the call go on",
    steps: [[2_000, "fail"]],
    log: ["0 say ask", "2000 unavailable: unavailable"],
  },
  {
    name: "a suspicion stands when a polite word comes after it that nobody has judged in time",
    steps: [
      [5_000, "prompted"],
      [5_500, "talks"],
      [8_000, "final", "this is your bank your account is blocked"],
      [8_050, "judged", "suspicious"],
      [8_300, "stops", 300],
      [8_300, "final", "thank you"],
      [10_000, "prompted"],
    ],
    log: ["0 say ask", "8800 hush", "8800 say voicemail", "10000 voicemail: suspicious"],
  },
  {
    name: "that the first words were clear says nothing of the last ones",
    steps: [
      [5_000, "prompted"],
      [5_500, "talks"],
      [8_000, "final", "this is Martha about the heating"],
      [8_050, "judged", "clear"],
      [8_300, "stops", 300],
      [8_300, "final", "read me the code"],
    ],
    log: ["0 say ask", "8800 unavailable: unavailable"],
  },
  {
    name: "a suspicion of the first round counts in the second",
    steps: [
      [5_000, "prompted"],
      [5_500, "talks"],
      [6_000, "stops"],
      [6_000, "final", "hello"],
      [6_050, "judged", "suspicious"],
      [9_000, "prompted"],
      [9_500, "talks"],
      [10_000, "stops"],
      [10_000, "final", "this is Martha about the heating"],
      [10_050, "judged", "clear"],
      [12_000, "prompted"],
    ],
    log: ["0 say ask", "6800 say again", "10800 hush", "10800 say voicemail", "12000 voicemail: suspicious"],
  },
];

describe("screening a call", () => {
  for (const { name, steps, options, history, log } of CASES) {
    test(name, () => assert.deepEqual(run(steps, options, history).log, log));
  }

  test("the pieces of the time to the answer are told", () => {
    const { machine } = run(CASES[0]?.steps ?? []);
    assert.deepEqual(machine.times, { endedAt: 7_000, textAt: 7_450, decidedAt: 7_800, patienceMs: 340 });
  });

  test("whatever comes in whatever order, it ends, once, within its time", () => {
    const kinds = ["prompted", "talks", "stops", "partial", "final", "digit", "judged"] as const;
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 500; round++) {
      const steps: Step[] = [];
      for (let at = 0; at < 80_000; at += 1 + next(3_000)) {
        const what = kinds[next(kinds.length)] ?? "prompted";
        if (what === "judged")
          steps.push([at, what, (["clear", "uncertain", "suspicious", "scam"] as const)[next(4)] ?? "clear"]);
        else if (what === "partial" || what === "final")
          steps.push([at, what, ["", "hello", "Martha heating"][next(3)] ?? ""]);
        else if (what === "digit") steps.push([at, what, String(next(10))]);
        else steps.push([at, what]);
      }
      const { log, machine } = run(steps);
      const ends = log.filter((line) => line.includes(":"));
      assert.equal(ends.length, 1, log.join("\n"));
      assert.equal(log.at(-1), ends[0]);
      assert.ok(Number.parseInt(ends[0] ?? "", 10) <= OPTIONS.maxMs + OPTIONS.promptMs);
      assert.equal(machine.deadline, undefined);
    }
  });
});
