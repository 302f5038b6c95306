// Dialogues that nobody here wrote (shared/cases/transcripts; not part of the project): read for evaluation only, never for training.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";
import type { LabelledDialogue, Turn } from "../../detection/index.js";

const FOLDER = fileURLToPath(new URL("../../../shared/cases/transcripts/", import.meta.url));

export interface OutsideSet {
  readonly name: string;
  readonly path: string;
  readonly read: () => readonly LabelledDialogue[];
}

interface Better30Row {
  readonly CONVERSATION_ID: string;
  readonly CONVERSATION_STEP: string;
  readonly TEXT: string;
  readonly LABEL: string;
}

/** Any turn with one of these makes the call a fraud; "slightly_suspicious" alone does not. Labels carry stray blanks and capitals. */
const FRAUD_LABELS = new Set(["scam", "potential_scam", "highly_suspicious", "suspicious"]);
/** Between what the caller said and what the assistant answered, in one field. `[Your Name]` is none. */
const ANSWER_MARK =
  /\[(?:Step: \d+|Attack Formulation|Information Gathering|Preparation|Exploit Relationship|Develop Relationship|Debrief|Goal Satisfaction)\]/;
/** The file changes its form with these numbers: only the caller's lines; caller and assistant in turn; answers labelled. */
const ALTERNATING_FROM = 32;

/** A conversation ends where the step falls back: some numbers stand for two. */
function better30(): LabelledDialogue[] {
  const rows: Better30Row[] = parse(readFileSync(`${FOLDER}scam/better30/BETTER30.csv`), { columns: true, bom: true });
  const conversations: Better30Row[][] = [];
  for (const row of rows) {
    const last = conversations.at(-1)?.at(-1);
    const goesOn =
      last?.CONVERSATION_ID === row.CONVERSATION_ID && Number(row.CONVERSATION_STEP) >= Number(last.CONVERSATION_STEP);
    if (goesOn) conversations.at(-1)?.push(row);
    else conversations.push([row]);
  }
  return conversations.map((conversation, index) => {
    const isFraud = conversation.some(({ LABEL }) => FRAUD_LABELS.has(LABEL.trim().toLowerCase()));
    return labelled(`better30/${index}`, isFraud, "callee", conversation.flatMap(better30Turns));
  });
}

function better30Turns(row: Better30Row): Said[] {
  const step = Number(row.CONVERSATION_STEP);
  const [before = "", after] = row.TEXT.split(ANSWER_MARK).map((part) => part.trim());
  if (step === 1) return [["callee", row.TEXT]];
  if (after !== undefined) return before === "" ? [["callee", after]] : [["caller", before], ["callee", after]]; // prettier-ignore
  const answers =
    row.LABEL.trim().toLowerCase() === "scam_response" ||
    (Number(row.CONVERSATION_ID) >= ALTERNATING_FROM && step % 2 === 1);
  return [[answers ? "callee" : "caller", row.TEXT]];
}

function sgd(): LabelledDialogue[] {
  const lines = readFileSync(`${FOLDER}neg/sgd/selection.jsonl`, "utf8").trim().split("\n");
  return lines.map((line, index) => {
    const { turns } = JSON.parse(line) as { turns: { speaker: string; text: string }[] };
    const said = turns.map(({ speaker, text }): Said => [speaker === "USER" ? "caller" : "callee", text]);
    return labelled(`sgd/${index}`, false, "callee", said);
  });
}

function abcd(): LabelledDialogue[] {
  const dialogues = JSON.parse(readFileSync(`${FOLDER}neg/abcd/abcd_sample.json`, "utf8")) as {
    original: [string, string][];
  }[];
  return dialogues.map(({ original }, index) => {
    const said = original
      .filter(([speaker]) => speaker !== "action")
      .map(([speaker, text]): Said => [speaker === "customer" ? "caller" : "agent", text]);
    return labelled(`abcd/${index}`, false, "agent", said);
  });
}

type Said = [Turn["speaker"], string];

function labelled(
  family: string,
  isFraud: boolean,
  called: "callee" | "agent",
  said: readonly Said[],
): LabelledDialogue {
  return {
    family,
    language: "en",
    kind: "none",
    suspect: isFraud ? "caller" : undefined,
    called,
    turns: said.map(([speaker, text], index) => ({ speaker, text, atMs: index * 4000 })),
    stages: said.map(() => undefined),
    requestTurn: undefined,
  };
}

const ALL: readonly OutsideSet[] = [
  { name: "better30", path: `${FOLDER}scam/better30/BETTER30.csv`, read: better30 },
  { name: "sgd", path: `${FOLDER}neg/sgd/selection.jsonl`, read: sgd },
  { name: "abcd", path: `${FOLDER}neg/abcd/abcd_sample.json`, read: abcd },
];

/** Those on this machine, and the names of those that are not. */
export function outsideSets(): { readonly present: readonly OutsideSet[]; readonly absent: readonly string[] } {
  return {
    present: ALL.filter(({ path }) => existsSync(path)),
    absent: ALL.filter(({ path }) => !existsSync(path)).map(({ name }) => name),
  };
}
