import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { temporaryFolder } from "../../support/processes.js";

const ENTRY = "dist/gateway/cli/ringfence.js";
const FILES: Readonly<Record<string, string>> = {
  "package.json": '{ "name": "tiny", "version": "0.1.0", "type": "module" }',
  "tsconfig.json": '{ "compilerOptions": { "target": "es2022", "module": "nodenext", "types": [] } }',
  "tsconfig.build.json":
    '{ "extends": "./tsconfig.json", "compilerOptions": { "rootDir": "." }, "include": ["gateway", "detection"] }',
  "gateway/cli/ringfence.ts": "export const said: string = 'one';\n",
  "gateway/adapters/store/pglite-database.ts":
    "export const buildTemplate = (): Promise<string> => Promise.resolve('packed');\n",
  "gateway/dashboard/page.html": "<p>one</p>\n",
  "detection/index.ts": "export {};\n",
};

/** A checkout with little in it, and this checkout's build script and compiler. */
function checkout(t: TestContext) {
  const { path, remove } = temporaryFolder("build");
  t.after(remove);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  for (const [name, text] of Object.entries(FILES)) write(name, text);
  mkdirSync(join(path, "scripts"));
  cpSync("scripts/build.mjs", join(path, "scripts/build.mjs"));
  symlinkSync(join(process.cwd(), "node_modules"), join(path, "node_modules"));
  const build = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/build.mjs", ...args], {
      cwd: path,
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
    // Another folder in its place: what ran from the old one misses its files.
    return { said: stderr.trim().split("\n"), inode: statSync(join(path, "dist")).ino };
  };
  return { path, write, build };
}

/** As package.json has it, after the script's name. */
function prepareArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const [node, script, ...args] = scripts["prepare"]?.split(" ") ?? [];
  assert.deepEqual([node, script], ["node", "scripts/build.mjs"]);
  return args;
}

test("prepare, which each first `npx ringfence` runs, leaves dist/ as it is while nothing has changed that goes into it", (t) => {
  const { path, write, build } = checkout(t);
  const prepare = () => build(...prepareArguments());
  const first = prepare();
  assert.ok(existsSync(join(path, ENTRY)));
  const again = prepare();
  assert.equal(again.inode, first.inode);
  assert.equal(again.said.length, 1);
  assert.match(again.said.join(), /dist\/ is up to date/);

  write("test/unit/x.test.ts", "export {};\n");
  assert.equal(prepare().inode, first.inode, "tests do not go into it");

  let last = first.inode;
  const isBuilt = (what: string): void => {
    const { inode } = prepare();
    assert.notEqual(inode, last, what);
    last = inode;
    assert.equal(prepare().inode, last, `${what}: once`);
  };
  write("gateway/cli/ringfence.ts", "export const said: string = 'two';\n");
  isBuilt("a source");
  assert.match(readFileSync(join(path, ENTRY), "utf8"), /two/);
  write("gateway/dashboard/page.html", "<p>two</p>\n");
  isBuilt("a file that is copied");
  rmSync(join(path, "detection/index.ts"));
  isBuilt("a source that is gone");
  write("package.json", '{ "name": "tiny", "version": "0.2.0", "type": "module" }');
  isBuilt("the version");
  write("tsconfig.build.json", `${FILES["tsconfig.build.json"] ?? ""}\n`);
  isBuilt("how it is compiled");
  rmSync(join(path, ENTRY));
  isBuilt("a dist/ that has no command");
  rmSync(join(path, "dist/build-stamp.json"));
  isBuilt("a dist/ that nobody knows of");
});

test("npm run build builds always", (t) => {
  const { build } = checkout(t);
  const { inode } = build();
  assert.notEqual(build().inode, inode);
});
