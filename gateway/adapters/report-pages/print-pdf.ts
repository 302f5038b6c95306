import { spawn } from "node:child_process";
import { lstat, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { GatewayError } from "../../core/errors.js";

export interface PdfOptions {
  /** Chromium or Chrome. */
  readonly program: string;
  /** From start to the finished file, ms. */
  readonly timeoutMs: number;
}

const FOLDER = "ringfence-report-";
const OURS = /^ringfence-report-\w{6}$/;
/** None that is in use is that old. */
const LEFT_AFTER_MS = 900_000;
const MAX_PDF_BYTES = 64 * 1024 * 1024;
const MAX_SAID = 2_000;
/** No network, nothing of the user's own profile. Scripts are forbidden by the page's own policy: headless printing itself needs them on. */
const ARGUMENTS = [
  "--headless",
  "--disable-gpu",
  "--no-first-run",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--host-resolver-rules=MAP * ~NOTFOUND",
  "--no-pdf-header-footer",
];

/**
 * Prints a page with a headless Chromium of its own, in a folder of its own, which is gone afterwards.
 * As root Chromium has no sandbox to offer and refuses; then it is told to go without: the page is ours and has no script.
 * @throws GatewayError `report.pdf`: not installed, failed, or not in time.
 */
export async function printPdf(html: string, { program, timeoutMs }: PdfOptions): Promise<Uint8Array> {
  await sweepPrints();
  const folder = await mkdtemp(join(tmpdir(), FOLDER));
  try {
    const [page, file] = [join(folder, "report.html"), join(folder, "report.pdf")];
    await writeFile(page, html, { mode: 0o600 });
    await run(
      program,
      [
        ...ARGUMENTS,
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        `--user-data-dir=${join(folder, "profile")}`,
        `--print-to-pdf=${file}`,
        pathToFileURL(page).href,
      ],
      { cwd: folder, timeoutMs },
    );
    return await readPdf(file);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Deletes what a gateway that was killed in the middle of a print has left: reports have numbers of callers in them. Never throws. */
export async function sweepPrints(): Promise<void> {
  const before = Date.now() - LEFT_AFTER_MS;
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    if (!OURS.test(name)) continue;
    const path = join(tmpdir(), name);
    const found = await lstat(path).catch(() => undefined);
    // Another user's is theirs to delete: root could, and anybody can make one of that name.
    if (found === undefined || !found.isDirectory() || found.uid !== process.geteuid?.()) continue;
    if (found.mtimeMs < before) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function readPdf(path: string): Promise<Uint8Array> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new GatewayError("report.pdf", "the printer wrote no file", { cause });
  });
  try {
    const { size } = await file.stat();
    if (size > MAX_PDF_BYTES) throw new GatewayError("report.pdf", `the file has ${size} bytes`);
    const content = await file.readFile();
    if (content.subarray(0, 5).toString("latin1") !== "%PDF-")
      throw new GatewayError("report.pdf", "what the printer wrote is no PDF");
    return content;
  } finally {
    await file.close();
  }
}

function run(
  program: string,
  args: readonly string[],
  { cwd, timeoutMs }: { readonly cwd: string; readonly timeoutMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    // A group of its own: Chromium's helpers end with it.
    const child = spawn(program, args, {
      cwd,
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
      env: environment(cwd),
    });
    // Who stops in the middle of a print leaves no browser behind.
    const endToo = (): void => endGroup(child.pid);
    process.once("exit", endToo);
    let said = "";
    child.stderr.on("data", (part: Buffer) => {
      said = (said + part.toString("utf8")).slice(-MAX_SAID);
    });
    const watch = setTimeout(() => {
      endGroup(child.pid);
      reject(new GatewayError("report.pdf", `${program} took longer than ${timeoutMs} ms`));
    }, timeoutMs);
    child.once("error", (cause) => {
      clearTimeout(watch);
      process.off("exit", endToo);
      reject(
        new GatewayError("report.pdf", `${program} cannot be started; on Debian: apt-get install chromium`, { cause }),
      );
    });
    child.once("exit", (code, signal) => {
      clearTimeout(watch);
      process.off("exit", endToo);
      endGroup(child.pid);
      if (code === 0) resolve();
      else reject(new GatewayError("report.pdf", `${program} ended with ${String(code ?? signal)}: ${lastLine(said)}`));
    });
  });
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";

const environment = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: home,
  LANG: "C.UTF-8",
});

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
