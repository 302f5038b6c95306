// npm run detect:train [-- --check]: makes detection/threat/weights-data.ts from the stories in test/fixtures/threat and the lexicons.
// The same inputs give the same bytes. --check compares instead of writing. --out FILE writes plain JSON for loadWeights.
// --without AUTHOR leaves an author out of everything, says how well his stories are judged then, and writes nothing without --out.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  judgeAll,
  LEXICONS,
  parseSlots,
  parseStories,
  quality,
  tellAll,
  ThreatClassifier,
  THRESHOLD_SETTINGS,
  TRAINING_SETTINGS,
  trainWeights,
  validate,
  type Slots,
  type Story,
  type ThreatWeights,
} from "../detection/index.js";

const FIXTURES = "test/fixtures/threat";
const TARGET = "detection/threat/weights-data.ts";
const LANGUAGES = ["en", "es"];
const SPLITS = ["train", "dev", "authors"];
/** Of the stories in `authors`: `kind/a-plot`. */
const AUTHOR = /\/([a-z])-/;
const UNSEEN = { perStory: 8, wordErrorRates: [0], chained: 0.1, seed: 31_337 };

/** Language by the file's name: `scam-en-1.story`. */
export function readStories(split: string): Story[] {
  return readdirSync(`${FIXTURES}/${split}`)
    .filter((name) => name.endsWith(".story"))
    .sort()
    .flatMap((name) => {
      const language = LANGUAGES.find((known) => new RegExp(`-${known}[-.]`).test(name));
      if (language === undefined) throw new Error(`${split}/${name}: no language in its name`);
      return parseStories(readFileSync(`${FIXTURES}/${split}/${name}`, "utf8"), language);
    });
}

export function readSlots(split: string): (language: string) => Slots {
  const slots = new Map(
    LANGUAGES.map((language) => [
      language,
      parseSlots(readFileSync(`${FIXTURES}/${split}/slots-${language}.txt`, "utf8")),
    ]),
  );
  return (language) => slots.get(language) ?? new Map<string, never>();
}

/** Of everything that the weights are made from. */
export function digest(): string {
  const hash = createHash("sha256");
  for (const split of SPLITS) {
    for (const name of readdirSync(`${FIXTURES}/${split}`).sort()) {
      hash.update(`${split}/${name}\n`).update(readFileSync(`${FIXTURES}/${split}/${name}`));
    }
  }
  hash.update(JSON.stringify([LEXICONS, TRAINING_SETTINGS, THRESHOLD_SETTINGS]));
  return hash.digest("hex").slice(0, 32);
}

/** One line: there is nothing in it for a reader. */
function sourceOf(json: string): string {
  return `/** Made by scripts/detect-train.ts from our own stories. Do not edit. */\nexport const BUILT_IN_WEIGHTS =\n  '${json}';\n`;
}

interface Authored {
  readonly story: Story;
  readonly author: string | undefined;
}

function authored(): Authored[] {
  const ours = [...readStories("train"), ...readStories("dev")].map((story) => ({ story, author: undefined }));
  return [...ours, ...readStories("authors").map((story) => ({ story, author: AUTHOR.exec(story.family)?.[1] }))];
}

/** The whole training: weights, calibration and thresholds. @param without An author to leave out. */
export function train(log: (line: string) => void, without?: string): ThreatWeights {
  const some = authored().filter(({ author }) => author === undefined || author !== without);
  const authors = new Map(some.map(({ story, author }) => [story, author]));
  log(`${some.length} stories, ${new Set(authors.values()).size - 1} authors besides our own`);
  const { weights, held } = trainWeights({
    stories: some.map(({ story }) => story),
    slotsOf: readSlots("train"),
    authorOf: (story) => authors.get(story),
    inputs: digest(),
    settings: TRAINING_SETTINGS,
    log,
  });
  for (const { set, honest, frauds, warnedBefore } of validate(held)) {
    const shares = warnedBefore.map(
      ({ honestWarned, share }) => `${(share * 100).toFixed(1)} % at ${(honestWarned * 100).toFixed(0)} %`,
    );
    log(`${set} (${honest} honest, ${frauds} frauds): warned before at honest warned: ${shares.join(", ")}`);
  }
  log(`thresholds ${JSON.stringify(weights.thresholds)}`);
  return weights;
}

/** How an author is judged by weights that have not read him. */
function printUnseen(weights: ThreatWeights, author: string): void {
  const stories = authored().filter((one) => one.author === author);
  const told = tellAll(
    stories.map(({ story }) => story),
    { slotsOf: readSlots("train"), ...UNSEEN },
  );
  const { end } = weights.thresholds;
  console.log(JSON.stringify(quality(judgeAll(new ThreatClassifier(weights), told), end), undefined, 1));
}

function main(args: readonly string[]): void {
  const started = performance.now();
  const log = (line: string): void => {
    console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  };
  const option = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const [without, target] = [option("--without"), option("--out")];
  const weights = train(log, without);
  const json = JSON.stringify(weights);
  if (target !== undefined) writeFileSync(target, `${json}\n`);
  if (without !== undefined) printUnseen(weights, without);
  else if (target !== undefined) return;
  else if (args.includes("--check")) {
    const same = readFileSync(TARGET, "utf8") === sourceOf(json);
    console.log(
      same ? "the committed weights are what the stories give" : `${TARGET} differs: run npm run detect:train`,
    );
    process.exitCode = same ? 0 : 1;
  } else {
    writeFileSync(TARGET, sourceOf(json));
    console.log(`${TARGET}: ${Math.round(json.length / 1024)} KiB`);
  }
}

if (process.argv[1]?.endsWith("detect-train.ts") === true) main(process.argv.slice(2));
