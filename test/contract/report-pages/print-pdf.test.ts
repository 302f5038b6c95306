import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { after, test } from "node:test";
import { htmlPage } from "../../../gateway/adapters/report-pages/html-page.js";
import { printPdf } from "../../../gateway/adapters/report-pages/print-pdf.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { reportOf, reportScene } from "../../support/cdr/report-scene.js";
import { temporaryFolder } from "../../support/processes.js";

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
