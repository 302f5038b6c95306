// Runs suites (folders of test/) with node:test, prints every failure and every skip with its reason, and one closing line.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const SUITES = ["unit", "conformance", "contract", "sim", "fuzz", "e2e"] as const;
/** Suites that share real daemons or both cores run one file at a time. */
const ONE_AT_A_TIME = new Set(["e2e", "fuzz"]);
const FILE_TIMEOUT_MS = 300_000;

interface Tally {
  passed: number;
  failed: number;
  skipped: string[];
}

function testFiles(suite: string, filter: string | undefined): string[] {
  const folder = join("test", suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && (filter === undefined || name.includes(filter)))
    .map((name) => join(folder, name))
    .sort();
}

async function runSuite(suite: string, files: string[], tally: Tally): Promise<void> {
  const before = { ...tally };
  const started = performance.now();
  const stream = run({ files, concurrency: ONE_AT_A_TIME.has(suite) ? 1 : 2, timeout: FILE_TIMEOUT_MS });
  stream.on("test:pass", ({ name, skip, details, file }) => {
    if (details.type === "suite" || isFileEntry(name, file)) return;
    if (skip === undefined || skip === false) tally.passed++;
    else tally.skipped.push(`${name}: ${skip === true ? "NO REASON GIVEN" : skip}`);
  });
  stream.on("test:fail", ({ details }) => {
    if (details.type !== "suite") tally.failed++;
  });
  const report = stream.compose(new spec()) as AsyncIterable<string | Buffer>;
  for await (const chunk of report) {
    if (process.env["VERBOSE_TESTS"] === "1" || tally.failed > before.failed) process.stdout.write(String(chunk));
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${suite}: ${tally.passed - before.passed} passed, ${tally.failed - before.failed} failed, ${files.length} files, ${seconds} s`,
  );
}

/** node:test reports each file as a test of its own; those are not counted. */
function isFileEntry(name: string, file: string | undefined): boolean {
  return name.endsWith(".test.ts") && file !== undefined && file.endsWith(name.replace(/^.*\//, ""));
}

const args = process.argv.slice(2);
const filter = args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
const asked = args.filter((arg) => !arg.startsWith("--"));
const unknown = asked.filter((name) => !(SUITES as readonly string[]).includes(name));
if (unknown.length > 0) {
  console.error(`unknown suite ${unknown.join(", ")}; there are: ${SUITES.join(", ")}`);
  process.exit(2);
}

const tally: Tally = { passed: 0, failed: 0, skipped: [] };
for (const suite of asked.length > 0 ? asked : SUITES) {
  const files = testFiles(suite, filter);
  if (files.length > 0) await runSuite(suite, files, tally);
}
const reasons = new Map<string, number>();
for (const line of tally.skipped) {
  const reason = line.slice(line.indexOf(": ") + 2);
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}
for (const [reason, times] of reasons) console.log(`skipped ×${times}: ${reason}`);
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`);
process.exit(tally.failed > 0 || tally.passed === 0 ? 1 : 0);
