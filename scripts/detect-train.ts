// npm run detect:train [-- --check]: makes detection/threat/weights-data.ts from the stories in test/fixtures/threat and the lexicons.
// The same inputs give the same bytes. --check compares instead of writing. --out FILE writes plain JSON for loadWeights.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  chooseThresholds,
  LEXICONS,
  parseSlots,
  parseStories,
  tellAll,
  THRESHOLD_SETTINGS,
  TRAINING_SETTINGS,
  trainWeights,
  type Slots,
  type Story,
} from "../detection/index.js";

const FIXTURES = "test/fixtures/threat";
const TARGET = "detection/threat/weights-data.ts";
const LANGUAGES = ["en", "es"];
const DEVELOPMENT = { perStory: 12, wordErrorRates: [0, 0.05, 0.1, 0.2], chained: 0.2, seed: 4711 };

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
  for (const split of ["train", "dev"]) {
    for (const name of readdirSync(`${FIXTURES}/${split}`).sort()) {
      hash.update(`${split}/${name}\n`).update(readFileSync(`${FIXTURES}/${split}/${name}`));
    }
  }
  hash.update(JSON.stringify([LEXICONS, TRAINING_SETTINGS, THRESHOLD_SETTINGS, DEVELOPMENT]));
  return hash.digest("hex").slice(0, 32);
}

/** One line: there is nothing in it for a reader. */
function sourceOf(json: string): string {
  return `/** Made by scripts/detect-train.ts from our own stories. Do not edit. */\nexport const BUILT_IN_WEIGHTS =\n  '${json}';\n`;
}

/**
 * The whole training: thresholds with weights that never saw the development stories, then weights from both splits.
 * @returns The weights as JSON.
 */
export function train(log: (line: string) => void): string {
  const slotsOf = readSlots("train");
  const stories = readStories("train");
  const development = readStories("dev");
  const base = { slotsOf, inputs: digest(), settings: TRAINING_SETTINGS, log };
  log(`${stories.length} training stories`);
  const apart = trainWeights({ ...base, stories });
  const thresholds = chooseThresholds(apart, tellAll(development, { slotsOf, ...DEVELOPMENT }), THRESHOLD_SETTINGS);
  log(`thresholds ${JSON.stringify(thresholds)}; now ${stories.length + development.length} stories`);
  const { calibration } = apart;
  const all = trainWeights({ ...base, stories: [...stories, ...development], calibration });
  return JSON.stringify({ ...all, thresholds });
}

if (process.argv[1]?.endsWith("detect-train.ts") === true) {
  const out = process.argv.indexOf("--out");
  const started = performance.now();
  const json = train((line) => {
    console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  });
  const target = process.argv[out + 1];
  if (out >= 0 && target !== undefined) writeFileSync(target, `${json}\n`);
  else if (process.argv.includes("--check")) {
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
