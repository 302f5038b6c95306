import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { lockFolder } from "../../../../gateway/adapters/store/folder-lock.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { until } from "../../../support/processes.js";

const MODULE = fileURLToPath(new URL("../../../../gateway/adapters/store/folder-lock.ts", import.meta.url));
const LOCK = "ringfence.lock";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-lock-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const isLocked = (pid: number) => (error: unknown) =>
  error instanceof GatewayError && error.code === "store.locked" && error.message.includes(`process ${pid}`);

const holderOf = (folder: string) => JSON.parse(readFileSync(join(folder, LOCK), "utf8")) as Record<string, unknown>;
const forge = (folder: string, change: Record<string, unknown>) =>
  writeFileSync(join(folder, LOCK), JSON.stringify({ ...holderOf(folder), token: "other", ...change }));

/** Another process that takes the lock and keeps it until it is killed. */
async function otherHolder(t: TestContext, folder: string): Promise<{ pid: number; kill: () => Promise<void> }> {
  const script = `import { lockFolder } from ${JSON.stringify(MODULE)};
    await lockFolder(${JSON.stringify(folder)}); process.stdout.write("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  t.after(kill);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return { pid: child.pid!, kill };
}

test("folder lock: a second taker is refused with the holder's pid, and may take it after release", async (t) => {
  const folder = folderFor(t);
  const lock = await lockFolder(folder);
  await assert.rejects(lockFolder(folder), isLocked(process.pid));
  await lock.release();
  await lock.release();
  assert.deepEqual(readdirSync(folder), []);
  await (await lockFolder(folder)).release();
});

test("folder lock: another live process is named; when it was killed its lock is taken over", async (t) => {
  const folder = folderFor(t);
  const other = await otherHolder(t, folder);
  await assert.rejects(lockFolder(folder), isLocked(other.pid));
  await other.kill();
  const lock = await lockFolder(folder);
  assert.equal(holderOf(folder)["pid"], process.pid);
  await lock.release();
});

const dead = [
  { name: "its pid belongs to a process that started at another time", change: { pid: 1, started: "1234567890" } },
  { name: "the machine has booted since", change: { pid: 1, boot: "another-boot" } },
  { name: "no process has its pid", change: { pid: 4_194_305 } },
];
for (const { name, change } of dead) {
  test(`folder lock: a lock is taken over when ${name}`, async (t) => {
    const folder = folderFor(t);
    await (await lockFolder(folder)).release();
    const seed = await lockFolder(folder);
    forge(folder, change);
    const lock = await lockFolder(folder);
    assert.equal(holderOf(folder)["pid"], process.pid);
    await seed.release();
    assert.equal(readdirSync(folder).includes(LOCK), true, "the earlier holder does not remove the later one's lock");
    await lock.release();
  });
}

test("folder lock: a lock is taken over when its holder has ended and is a zombie", async (t) => {
  if (!existsSync("/proc/self/stat")) {
    t.skip("there is no /proc here");
    return;
  }
  const folder = folderFor(t);
  // The shell becomes `sleep`, which never collects the child that the shell began. The child may not end before: a shell does.
  const script = "exec 3<&0; read _ <&3 & echo $!; exec sleep 600";
  const parent = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => parent.kill("SIGKILL"));
  const pid = Number(await new Promise<Buffer>((resolve) => parent.stdout.once("data", resolve)));
  await until("the shell to be sleep", () => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n");
  parent.stdin.end();
  const fields = (): string[] =>
    readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
  await until("it to be a zombie", () => fields()[0] === "Z");
  const seed = await lockFolder(folder);
  forge(folder, { pid, started: fields()[19] });
  const lock = await lockFolder(folder);
  assert.equal(holderOf(folder)["pid"], process.pid);
  await seed.release();
  await lock.release();
});

test("folder lock: a lock of another host is respected while it is fresh, and taken over after a minute of silence", async (t) => {
  const folder = folderFor(t);
  await lockFolder(folder);
  forge(folder, { host: "elsewhere", pid: 77 });
  await assert.rejects(lockFolder(folder), isLocked(77));
  const old = new Date(Date.now() - 61_000);
  utimesSync(join(folder, LOCK), old, old);
  await (await lockFolder(folder)).release();
});

test("folder lock: a lock file that is no lock is replaced", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, LOCK), "");
  await (await lockFolder(folder)).release();
});

test("folder lock: of many takers at once over a dead holder's lock exactly one wins", async (t) => {
  const folder = folderFor(t);
  await lockFolder(folder);
  forge(folder, { pid: 4_194_305 });
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  assert.deepEqual(readdirSync(folder), [LOCK], "no draft is left behind");
});

test("folder lock: a later worker thread takes over from an earlier one, not from the main thread", async (t) => {
  const folder = folderFor(t);
  const inWorker = async (): Promise<string> => {
    const code = `const { parentPort, workerData } = require("node:worker_threads");
      require("tsx/cjs");
      require(workerData.module).lockFolder(workerData.folder).then(
        () => parentPort.postMessage("held"), (error) => parentPort.postMessage(error.code));`;
    const worker = new Worker(code, { eval: true, workerData: { module: MODULE, folder } });
    const answer = await new Promise<string>((resolve) => worker.once("message", resolve));
    await worker.terminate(); // without release: it died
    return answer;
  };
  assert.equal(await inWorker(), "held");
  assert.equal(await inWorker(), "held");
  await assert.rejects(lockFolder(folder), isLocked(process.pid));
  rmSync(join(folder, LOCK));
  const lock = await lockFolder(folder);
  assert.equal(await inWorker(), "store.locked");
  await lock.release();
});

test("folder lock: a folder that cannot be made is store.unavailable", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(
    lockFolder(join(folder, "file", "below")),
    (error) => error instanceof GatewayError && error.code === "store.unavailable",
  );
});
