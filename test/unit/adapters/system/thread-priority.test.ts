import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const skip = process.platform !== "linux" && "threads have priorities of their own on Linux only";

/** Field 19 of proc(5) stat of each thread: the calling one first, then the others. */
const PROGRAM = (module: string): string => `
  import { readdirSync, readFileSync } from "node:fs";
  import { giveWay } from ${JSON.stringify(module)};
  const done = giveWay();
  const nice = (thread) => {
    const stat = readFileSync("/proc/self/task/" + thread + "/stat", "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  };
  const others = readdirSync("/proc/self/task").filter((thread) => thread !== String(process.pid));
  console.log(JSON.stringify([done, nice(process.pid), [...new Set(others.map(nice))]]));
`;

test("the calling thread gives way, and no other of the process", { skip }, () => {
  const module = new URL("../../../../gateway/adapters/system/thread-priority.ts", import.meta.url).href;
  const args = ["--import", "tsx", "--input-type=module", "-e", PROGRAM(module)];
  assert.deepEqual(JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })), [true, 10, [0]]);
});
