// npm run check: types, lint, import rows, docs, generated files, side by side; exits 1 when one of them complains.
import { spawn } from "node:child_process";

/** The longest first. Lint is the longest by far: `check:lint`, in three parts. */
const CHECKS = [
  ["lint:tests", "npm exec -- eslint --max-warnings 0 test"],
  ["lint:product", "npm exec -- eslint --max-warnings 0 --ignore-pattern test ."],
  ["check:types", "npm run -s check:types"],
  ["format", "npm exec -- prettier --check --log-level warn ."],
  ["check:imports", "npm run -s check:imports"],
  ["check:docs", "npm run -s check:docs"],
  ["check:generated", "npm run -s check:generated"],
] as const;

function runCheck([name, command]: (typeof CHECKS)[number]): Promise<{
  name: string;
  code: number;
  output: string;
  seconds: number;
}> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("close", (code) =>
      resolve({ name, code: code ?? 1, output, seconds: (performance.now() - started) / 1000 }),
    );
  });
}

const results = await Promise.all(CHECKS.map(runCheck));
for (const { name, code, output, seconds } of results) {
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)`);
  if (code !== 0) console.log(output.trimEnd());
}
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;
