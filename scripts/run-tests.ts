// Runs suites (folders of test/) with node:test, prints every failure and every skip with its reason, and one closing line.
// The tests are compiled once (compile-tests.ts); a single file runs from its source: `node --import tsx --test FILE`.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { COMPILED, compiledPath, compileTests } from "./compile-tests.js";

const SUITES = ["unit", "conformance", "contract", "sim", "fuzz", "e2e"] as const;
const CORES = Math.max(2, Math.min(4, availableParallelism()));
/**
 * Files at a time. Those that start programs and place calls wait as much as they work, but sound has to keep time: calls of Asterisk
 * are heard with as many as there are cores, those of the hop alone.
 */
function lanesOf(file: string): number {
  if (/^test\/e2e\/(listening|sipp-media|rtpengine|siprec-relay|kept-speech)/.test(file)) return 1;
  return /^test\/(contract|e2e\/(?!asterisk\/))/.test(file) ? CORES + 1 : CORES;
}
const FILE_TIMEOUT_MS = 600_000;
const AGAIN_ALONE = /^test\/(contract|e2e)\//;

/** How many of the files that took longest the summary names. */
const SLOWEST = 8;

/** A second run is for what a busy or stalled machine did; more files than that are a fault of the product or of the tests. */
const MOST_AGAIN = 3;
const REASON_CHARS = 300;

/** Of one file. */
interface Outcome {
  passed: number;
  ms: number;
  readonly failures: string[];
  readonly skipped: string[];
}
type Outcomes = Map<string, Outcome>;

function testFiles(suite: string, filter: string | undefined): string[] {
  const folder = join("test", suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && (filter === undefined || name.includes(filter)))
    .map((name) => join(folder, name))
    .sort();
}

async function runFiles(suite: string, files: string[], concurrency: number): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const started = performance.now();
  const stream = run({ files: files.map(compiledPath), concurrency, timeout: FILE_TIMEOUT_MS });
  const outcomeOf = (file: string | undefined): Outcome => {
    const name = sourceOf(file ?? "");
    const outcome = outcomes.get(name) ?? { passed: 0, ms: 0, failures: [], skipped: [] };
    outcomes.set(name, outcome);
    return outcome;
  };
  stream.on("test:pass", ({ name, skip, details, file, nesting }) => {
    if (isFileEntry(name, file)) return;
    const outcome = outcomeOf(file);
    if (nesting === 0) outcome.ms += details.duration_ms;
    if (details.type === "suite") return;
    if (skip === undefined || skip === false) outcome.passed++;
    else outcome.skipped.push(`${name}: ${skip === true ? "NO REASON GIVEN" : skip}`);
  });
  stream.on("test:fail", ({ name, details, file, nesting }) => {
    const outcome = outcomeOf(file);
    if (nesting === 0) outcome.ms += details.duration_ms;
    // A suite whose tests failed adds nothing; one whose hook failed does.
    if (details.type !== "suite" || !isOfItsTests(details.error))
      outcome.failures.push(`${name}: ${reasonOf(details.error)}`);
  });
  const report = stream.compose(new spec()) as AsyncIterable<string | Buffer>;
  for await (const chunk of report) {
    const isFailing = [...outcomes.values()].some(({ failures }) => failures.length > 0);
    if (process.env["VERBOSE_TESTS"] === "1" || isFailing) process.stdout.write(String(chunk));
  }
  const { passed, failures } = summed(outcomes);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${suite}: ${passed} passed, ${failures.length} failed, ${files.length} files, ${seconds} s`);
  return outcomes;
}

const isOfItsTests = (error: unknown): boolean =>
  error instanceof Error && "failureType" in error && error.failureType === "subtestsFailed";

/** One line of why: node:test wraps what was thrown. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/\s+/g, " ").slice(0, REASON_CHARS);
}

function summed(outcomes: Outcomes): { passed: number; failures: string[]; skipped: string[] } {
  const all = [...outcomes];
  return {
    passed: all.reduce((sum, [, { passed }]) => sum + passed, 0),
    failures: all.flatMap(([file, { failures }]) => failures.map((failure) => `${file}: ${failure}`)),
    skipped: all.flatMap(([, { skipped }]) => skipped),
  };
}

/**
 * Files that start programs and place calls, and failed, run once more, alone: what counts is what they do then. What failed at first
 * is told all the same (docs/decisions/0019).
 *
 * @returns What failed only at first.
 */
async function againAlone(suite: string, all: readonly string[], outcomes: Outcomes): Promise<string[]> {
  const failed = [...outcomes].filter(([, { failures }]) => failures.length > 0).map(([file]) => file);
  const files = [...new Set(failed.flatMap((file) => runnersOf(file, all)))].filter((file) => AGAIN_ALONE.test(file));
  if (once || files.length === 0 || failed.length > MOST_AGAIN) return [];
  const before = failed.map((file) => [file, outcomes.get(file)?.failures ?? []] as const);
  for (const [file, outcome] of await runFiles(`${suite}, again and alone`, files, 1)) outcomes.set(file, outcome);
  return before.flatMap(([file, failures]) =>
    outcomes.get(file)?.failures.length === 0 ? failures.map((failure) => `${file}: ${failure}`) : [],
  );
}

/** A test that files share is reported under the file that has it: all that import that one are meant. */
function runnersOf(file: string, all: readonly string[]): readonly string[] {
  if (all.includes(file)) return [file];
  const imported = `/${basename(file, ".ts")}.js"`;
  return all.filter((each) => readFileSync(each, "utf8").includes(imported));
}

/** Some versions of Node name the source, by its map, others the compiled file. */
const sourceOf = (file: string): string =>
  relative(file.includes(`${COMPILED}/`) ? COMPILED : ".", file).replace(/\.js$/, ".ts");

/** node:test reports each file as a test of its own; those are not counted. */
function isFileEntry(name: string, file: string | undefined): boolean {
  return name.endsWith(".test.js") && file !== undefined && sourceOf(name) === sourceOf(file);
}

const args = process.argv.slice(2);
/** Nothing runs a second time. */
const once = args.includes("--once");
const filter = args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
const asked = args.filter((arg) => !arg.startsWith("--"));
const unknown = asked.filter((name) => !(SUITES as readonly string[]).includes(name));
if (unknown.length > 0) {
  console.error(`unknown suite ${unknown.join(", ")}; there are: ${SUITES.join(", ")}`);
  process.exit(2);
}

await compileTests();
// What node:test gives each file's process: instead of tsx, lines of the sources in stack traces.
process.execArgv.splice(0, process.execArgv.length, "--enable-source-maps");

const outcomes: Outcomes = new Map();
const shaken: string[] = [];
for (const suite of asked.length > 0 ? asked : SUITES) {
  const files = testFiles(suite, filter);
  const ofSuite: Outcomes = new Map();
  for (const lanes of [CORES, CORES + 1, 1]) {
    const some = files.filter((file) => lanesOf(file) === lanes);
    if (some.length === 0) continue;
    for (const [file, outcome] of await runFiles(suite, some, lanes)) ofSuite.set(file, outcome);
  }
  shaken.push(...(await againAlone(suite, files, ofSuite)));
  for (const [file, outcome] of ofSuite) outcomes.set(file, outcome);
}
const { passed, failures, skipped } = summed(outcomes);
const reasons = new Map<string, number>();
for (const line of skipped) {
  const reason = line.slice(line.indexOf(": ") + 2);
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}
const slowest = [...outcomes].sort(([, a], [, b]) => b.ms - a.ms).slice(0, SLOWEST);
console.log(`longest: ${slowest.map(([file, { ms }]) => `${file} ${(ms / 1000).toFixed(1)} s`).join(", ")}`);
for (const [reason, times] of reasons) console.log(`skipped ×${times}: ${reason}`);
for (const failure of shaken) console.log(`failed at first, passed alone: ${failure}`);
for (const failure of failures) console.log(`failed: ${failure}`);
const alone = shaken.length === 0 ? "" : `, ${shaken.length} of those that passed only alone`;
console.log(`${passed} passed${alone}, ${failures.length} failed, ${skipped.length} skipped`);
process.exit(failures.length > 0 || passed === 0 ? 1 : 0);
