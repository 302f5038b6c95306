import { THREAT_KINDS, type ThreatKind, type ThreatStage, type Turn } from "../../model/threat.js";
import type { Seeded } from "./seeded.js";

/** One line of a story: said always, or by half of its dialogues. */
interface StoryLine {
  readonly side: "A" | "B";
  readonly optional: boolean;
  readonly stage: ThreatStage | undefined;
  readonly text: string;
}

/** One plot in one wording, with variations: what a file in test/fixtures/threat holds. */
export interface Story {
  /** `kind/name`, unique within a split. */
  readonly family: string;
  readonly kind: ThreatKind;
  readonly language: string;
  /** Who the fraudster is; undefined in honest stories. */
  readonly suspect: "A" | "B" | undefined;
  readonly called: "callee" | "agent";
  readonly lines: readonly StoryLine[];
}

/** Named choices. `fixed`: one for the whole dialogue. */
export type Slots = ReadonlyMap<string, { readonly fixed: boolean; readonly choices: readonly string[] }>;

/** A dialogue and what is known of it. */
export interface LabelledDialogue {
  readonly family: string;
  readonly language: string;
  /** `none`: honest. */
  readonly kind: ThreatKind;
  readonly suspect: "caller" | "called" | undefined;
  readonly called: "callee" | "agent";
  readonly turns: readonly Turn[];
  /** Of each turn, where the story says it. */
  readonly stages: readonly (ThreatStage | undefined)[];
  /** The first turn that asks for money, a code or access; undefined in honest dialogues and where nothing is asked. */
  readonly requestTurn: number | undefined;
}

const STAGES: readonly ThreatStage[] = ["none", "contact", "pretext", "pressure", "request"];
const LINE = /^(\??)([AB])([1-4]?): ?(.+)$/;
const MS_PER_WORD = 380;
const MS_BETWEEN_TURNS = 700;
const MAX_DEPTH = 20;

/** Reads `name = a|b` and `name ~ a|b`. @throws Error naming the line: the files are ours. */
export function parseSlots(text: string): Slots {
  const slots = new Map<string, { fixed: boolean; choices: string[] }>();
  for (const line of contentLines(text)) {
    const found = /^([\w-]+) ([=~]) (.+)$/.exec(line);
    if (found === null) throw new Error(`bad slot: ${line}`);
    const [, name = "", kind, choices = ""] = found;
    slots.set(name, { fixed: kind === "=", choices: splitChoices(choices) });
  }
  return slots;
}

/** Reads a story file; its first story says how it is written. @throws Error naming the line: the files are ours. */
export function parseStories(text: string, language: string): Story[] {
  const stories: (Omit<Story, "lines"> & { lines: StoryLine[] })[] = [];
  const banks: LineBank[] = [];
  for (const line of contentLines(text)) {
    if (line.startsWith("= ")) {
      const family = line.slice(2).trim();
      const name = family.slice(0, family.indexOf("/"));
      const kind = THREAT_KINDS.find((known) => known === name) ?? "none";
      if (kind === "none" && name !== "honest") throw new Error(`no such kind: ${line}`);
      stories.push({ family, kind, language, suspect: kind === "none" ? undefined : "A", called: "callee", lines: [] });
      continue;
    }
    if (line.startsWith("~ ")) {
      banks.push({ family: line.slice(2).trim(), language, called: "callee", lines: [] });
      continue;
    }
    const bank = banks.at(-1);
    if (bank !== undefined && /^[1-4]:|^called agent$/.test(line)) {
      if (line === "called agent") bank.called = "agent";
      else bank.lines.push({ stage: Number(line[0]), text: line.slice(2).trim() });
      continue;
    }
    const story = stories.at(-1);
    if (story === undefined) throw new Error(`before the first story: ${line}`);
    const [word, value] = line.split(" ");
    if (word === "called" && (value === "agent" || value === "callee")) Object.assign(story, { called: value });
    else if (word === "suspect" && value === "B") Object.assign(story, { suspect: "B" });
    else story.lines.push(parseLine(line));
  }
  return [...stories, ...banks.flatMap(storiesOfBank)];
}

/** Lines by stage that go together in any choice. */
interface LineBank {
  readonly family: string;
  readonly language: string;
  called: "callee" | "agent";
  readonly lines: { readonly stage: number; readonly text: string }[];
}

/** How the lines of a bank may follow one another; small letters are what the other side says. */
const BANK_PLOTS = {
  callee: ["y1i2w33a4c4", "y1i2k3d3k4c", "1o22w3a4c", "y1h2n3a34d3"],
  agent: ["s1k2k3r4r3", "s12k34r3", "s1k2r34"],
} as const;
const BANK_ANSWERS: Readonly<Record<string, string>> = {
  y: "{yo}",
  i: "{itis}",
  w: "{worry}",
  a: "{askhow}",
  c: "{comply}",
  k: "{ok}",
  d: "{doubt}",
  o: "{who}",
  h: "{who}",
  n: "{notme}",
  r: "{refuse}",
  s: "{serve}",
};

function storiesOfBank({ family, language, called, lines }: LineBank): Story[] {
  const kind = THREAT_KINDS.find((known) => known === family.slice(0, family.indexOf("/"))) ?? "none";
  if (kind === "none") throw new Error(`no such kind: ${family}`);
  return BANK_PLOTS[called].map((plot, index) => ({
    family: `${family}-${index + 1}`,
    kind,
    language,
    suspect: "A",
    called,
    lines: Array.from(plot, (step): StoryLine => {
      const answer = BANK_ANSWERS[step];
      if (answer !== undefined) return { side: "B", optional: false, stage: undefined, text: answer };
      const choices = lines.filter(({ stage }) => stage === Number(step)).map(({ text }) => text);
      return { side: "A", optional: false, stage: STAGES[Number(step)], text: `(${choices.join("|")})` };
    }),
  }));
}

function parseLine(line: string): StoryLine {
  const found = LINE.exec(line);
  if (found === null) throw new Error(`bad line: ${line}`);
  const [, optional, side, stage = "", text = ""] = found;
  return {
    side: side === "A" ? "A" : "B",
    optional: optional === "?",
    stage: stage === "" ? undefined : STAGES[Number(stage)],
    text,
  };
}

/** Tells the story once. The same random numbers give the same dialogue. */
export function tell(story: Story, slots: Slots, random: Seeded): LabelledDialogue {
  const fixed = new Map<string, string>();
  const turns: Turn[] = [];
  const stages: (ThreatStage | undefined)[] = [];
  let atMs = 500 + random.below(1500);
  let requestTurn: number | undefined;
  for (const line of story.lines) {
    if (line.optional && random.chance(0.5)) continue;
    const text = tidy(expand(line.text, slots, fixed, random, 0));
    if (text === "") continue;
    if (line.stage === "request" && requestTurn === undefined) requestTurn = turns.length;
    turns.push({ speaker: line.side === "A" ? "caller" : story.called, text, atMs });
    stages.push(line.stage);
    atMs += MS_BETWEEN_TURNS + text.split(" ").length * MS_PER_WORD;
  }
  const { family, language, kind, called } = story;
  const suspect = story.suspect === undefined ? undefined : story.suspect === "A" ? "caller" : "called";
  return { family, language, kind, suspect, called, turns, stages, requestTurn };
}

function expand(text: string, slots: Slots, fixed: Map<string, string>, random: Seeded, depth: number): string {
  if (depth > MAX_DEPTH) throw new Error(`slots that name one another: ${text}`);
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const open = text.charAt(i);
    const close = open === "(" ? ")" : open === "[" ? "]" : open === "{" ? "}" : "";
    if (close === "") {
      out += open;
      continue;
    }
    const end = closing(text, i, open, close);
    const inside = text.slice(i + 1, end);
    i = end;
    if (open === "{") out += slot(inside, slots, fixed, random, depth);
    else if (open === "(") out += expand(random.pick(splitChoices(inside)), slots, fixed, random, depth + 1);
    else if (random.chance(0.5)) out += expand(inside, slots, fixed, random, depth + 1);
  }
  return out;
}

function slot(name: string, slots: Slots, fixed: Map<string, string>, random: Seeded, depth: number): string {
  const known = fixed.get(name);
  if (known !== undefined) return known;
  const found = slots.get(name);
  if (found === undefined) throw new Error(`no slot ${name}`);
  const value = expand(random.pick(found.choices), slots, fixed, random, depth + 1);
  if (found.fixed) fixed.set(name, value);
  return value;
}

function closing(text: string, from: number, open: string, close: string): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text.charAt(i) === open) depth++;
    if (text.charAt(i) === close && --depth === 0) return i;
  }
  throw new Error(`no ${close} in: ${text}`);
}

/** At the top level only: choices may hold choices. */
function splitChoices(text: string): string[] {
  const choices: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character)) depth--;
    if (character !== "|" || depth > 0) continue;
    choices.push(text.slice(start, i));
    start = i + 1;
  }
  choices.push(text.slice(start));
  return choices;
}

const tidy = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replace(/ ([,.?!])/g, "$1")
    .trim();

const contentLines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
