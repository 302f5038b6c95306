import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const skip = process.platform !== "linux" && "threads have priorities of their own on Linux only";

/** Field 19 of proc(5) stat of each thread: the calling one first, then the others. */
const PROGRAM = (module: string, call: "giveWay" | "goFirst"): string => `
  import { readdirSync, readFileSync } from "node:fs";
  import { ${call} } from ${JSON.stringify(module)};
  const done = ${call}();
  const nice = (thread) => {
    const stat = readFileSync("/proc/self/task/" + thread + "/stat", "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  };
  const others = readdirSync("/proc/self/task").filter((thread) => thread !== String(process.pid));
  console.log(JSON.stringify([done, nice(process.pid), [...new Set(others.map(nice))]]));
`;

function run(call: "giveWay" | "goFirst"): unknown {
  const module = new URL("../../../../gateway/adapters/system/thread-priority.ts", import.meta.url).href;
  const args = ["--import", "tsx", "--input-type=module", "-e", PROGRAM(module, call)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

test("the calling thread gives way, and no other of the process", { skip }, () => {
  assert.deepEqual(run("giveWay"), [true, 10, [0]]);
});

test("the calling thread goes first where it may; where it may not all stays as it was", { skip }, () => {
  const isAllowed = process.geteuid?.() === 0;
  const [done, niceness, others] = run("goFirst") as [boolean, number, number[]];
  assert.deepEqual(others, [0]);
  assert.equal(niceness, done ? -10 : 0);
  // Root in a container may be without the right.
  if (!isAllowed) assert.equal(done, false);
});
