import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chownSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { htmlPage } from "../../../gateway/adapters/report-pages/html-page.js";
import { printPdf, sweepPrints } from "../../../gateway/adapters/report-pages/print-pdf.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { reportOf, reportScene } from "../../support/cdr/report-scene.js";
import { temporaryFolder, until } from "../../support/processes.js";

const hasChromium = spawnSync("chromium", ["--version"], { timeout: 30_000 }).status === 0;
/** Temporary files of this process alone: what others leave is nothing to it. */
const own = temporaryFolder("print-pdf");
process.env["TMPDIR"] = own.path;
after(() => own.remove());
const leftOvers = (): readonly string[] => readdirSync(own.path).filter((name) => name.startsWith("ringfence-report-"));

test("a report becomes a PDF", { skip: hasChromium ? false : "Debian's chromium is not installed" }, async () => {
  const pdf = await printPdf(htmlPage(reportOf("executive", reportScene())), {
    program: "chromium",
    timeoutMs: 120_000,
  });
  assert.equal(new TextDecoder().decode(pdf.subarray(0, 5)), "%PDF-");
  assert.ok(pdf.length > 20_000);
  assert.deepEqual(leftOvers(), []);
});

const failures = [
  { name: "is not there", program: "/nonexistent/chromium", timeoutMs: 10_000 },
  { name: "fails", program: "/bin/false", timeoutMs: 10_000 },
  { name: "writes nothing", program: "/bin/true", timeoutMs: 10_000 },
];
for (const { name, ...options } of failures) {
  test(`a printer that ${name} is report.pdf, and leaves nothing`, async () => {
    await assert.rejects(
      () => printPdf("<p>", options),
      (error: unknown) => error instanceof GatewayError && error.code === "report.pdf",
    );
    assert.deepEqual(leftOvers(), []);
  });
}

test("what a killed gateway has left of a print goes with the next one; what is in use, or not ours, stays", async () => {
  const [old, used, other] = ["ringfence-report-aB3xY9", "ringfence-report-Zz0000", "ringfence-report-of-mine"].map(
    (name) => join(own.path, name),
  ) as [string, string, string];
  for (const path of [old, used, other]) {
    mkdirSync(path);
    writeFileSync(join(path, "report.html"), "+12025550123");
  }
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const path of [old, other]) utimesSync(path, hourAgo, hourAgo);
  await assert.rejects(() => printPdf("<p>", { program: "/bin/false", timeoutMs: 10_000 }));
  assert.deepEqual(leftOvers(), ["ringfence-report-Zz0000", "ringfence-report-of-mine"]);
  for (const path of [used, other]) rmSync(path, { recursive: true });
});

test("what others have left under such a name stays: a link, a file, another user's folder", async (t) => {
  const [link, file, other] = ["ringfence-report-link00", "ringfence-report-file00", "ringfence-report-other0"].map(
    (name) => join(own.path, name),
  ) as [string, string, string];
  const target = join(own.path, "target");
  for (const path of [target, other]) mkdirSync(path);
  symlinkSync(target, link);
  writeFileSync(file, "");
  const hourAgo = new Date(Date.now() - 3_600_000);
  lutimesSync(link, hourAgo, hourAgo);
  utimesSync(file, hourAgo, hourAgo);
  const names = ["ringfence-report-file00", "ringfence-report-link00"];
  if (process.geteuid?.() === 0) {
    chownSync(other, 65_534, 65_534);
    utimesSync(other, hourAgo, hourAgo);
    names.push("ringfence-report-other0");
  } else {
    t.diagnostic("not root: no folder of another user can be made");
    rmSync(other, { recursive: true });
  }
  await sweepPrints();
  assert.deepEqual([...leftOvers()].sort(), names);
  for (const path of [link, file, other, target]) rmSync(path, { recursive: true, force: true });
});

test("a print that its process does not wait for ends with it", async () => {
  const printer = join(own.path, "printer");
  const told = join(own.path, "told");
  writeFileSync(printer, `#!/bin/sh\necho $$ > ${told}\nexec sleep 60\n`, { mode: 0o755 });
  const script = `
    import { printPdf, sweepPrints } from ${JSON.stringify(new URL("../../../gateway/adapters/report-pages/print-pdf.js", import.meta.url).href)};
    import { existsSync } from "node:fs";
    void printPdf("<p>", { program: ${JSON.stringify(printer)}, timeoutMs: 60000 }).catch(() => undefined);
    setInterval(() => existsSync(${JSON.stringify(told)}) && process.exit(0), 20);`;
  const ended = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    timeout: 60_000,
  });
  assert.equal(ended.status, 0, String(ended.stderr));
  const pid = Number(readFileSync(told, "utf8"));
  await until("the printer to end", () => !isThere(pid));
  for (const name of leftOvers()) rmSync(join(own.path, name), { recursive: true });
});

function isThere(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") === false;
  } catch {
    return false;
  }
}
