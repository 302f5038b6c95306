import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { temporaryFolder } from "../../support/processes.js";

const MANIFEST = JSON.stringify({ name: "tiny", version: "1.0.0" });

/** An npm package of one file, as tar: a header block (ustar), the file, two empty blocks. */
function tarball(): Buffer {
  const header = Buffer.alloc(512);
  const field = (at: number, text: string): number => header.write(text, at, "latin1");
  field(0, "package/package.json");
  field(100, "0000644\0");
  field(124, `${MANIFEST.length.toString(8).padStart(11, "0")}\0`);
  field(136, "00000000000\0");
  field(148, "        ");
  field(156, "0");
  field(257, "ustar\x0000");
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return gzipSync(Buffer.concat([header, Buffer.from(MANIFEST.padEnd(512, "\0"), "latin1"), Buffer.alloc(1024)]));
}

/** A registry of one package. @param breaksOff how many answers end in the middle of the tarball. */
async function registry(t: TestContext, breaksOff: number) {
  const body = tarball();
  const integrity = `sha512-${createHash("sha512").update(body).digest("base64")}`;
  let asked = 0;
  const answer = (response: ServerResponse): void => {
    asked += 1;
    response.writeHead(200, { "content-length": body.length });
    if (asked > breaksOff) response.end(body);
    else response.write(body.subarray(0, 40), () => response.destroy());
  };
  const server = createServer((request, response) => {
    if (request.url === "/tiny/-/tiny-1.0.0.tgz") answer(response);
    else response.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const { path, remove } = temporaryFolder("npm");
  t.after(remove);
  const url = `http://127.0.0.1:${port}/`;
  const locked = { version: "1.0.0", resolved: `${url}tiny/-/tiny-1.0.0.tgz`, integrity };
  const project = { name: "here", version: "1.0.0", dependencies: { tiny: "1.0.0" } };
  const packages = { "": project, "node_modules/tiny": locked };
  const write = (name: string, value: unknown): void => writeFileSync(join(path, name), JSON.stringify(value));
  mkdirSync(join(path, "work"));
  write("work/package.json", project);
  write("work/package-lock.json", { name: "here", version: "1.0.0", lockfileVersion: 3, requires: true, packages });
  /** The script as scripts/test runs it, with a cache of its own, waits shortened. */
  const install = (): Promise<{ code: number | null; said: string }> =>
    new Promise((resolve) => {
      const script = join(process.cwd(), "scripts/npm-install.mjs");
      const code = `const { npmInstall } = await import(${JSON.stringify(script)});
        await npmInstall(["ci", "--no-audit", "--no-fund", "--registry", ${JSON.stringify(url)}], { quiet: true, waits: [10, 10] });`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
        cwd: join(path, "work"),
        env: { ...process.env, npm_config_cache: join(path, "cache"), npm_config_logs_max: "0" },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
      child.once("close", (status) => resolve({ code: status, said }));
    });
  return { path: join(path, "work"), install, write, asked: () => asked };
}

const installed = (path: string): boolean => existsSync(join(path, "node_modules/tiny/package.json"));

test("an answer that broke off is fetched again", { timeout: 120_000 }, async (t) => {
  const { path, install, asked } = await registry(t, 1);
  const { code, said } = await install();
  assert.equal(code, 0, said);
  assert.match(said, /npm error (network|code ECONNRESET)[^]*the network failed npm ci in \.: once more in 0\.01 s/);
  assert.equal(readFileSync(join(path, "node_modules/tiny/package.json"), "latin1"), MANIFEST);
  assert.equal(asked(), 2);
});

test("a network that stays away ends it, said with the command", { timeout: 120_000 }, async (t) => {
  const { path, install, asked } = await registry(t, 99);
  const { code, said } = await install();
  assert.equal(code, 1);
  assert.match(said, /npm ci --no-audit --no-fund --registry \S+ in \. failed with status 1/);
  assert.equal(asked(), 3);
  assert.equal(installed(path), false);
});

test("a lock file that is out of date is not tried twice", { timeout: 120_000 }, async (t) => {
  const { path, install, write, asked } = await registry(t, 0);
  write("work/package.json", { name: "here", version: "1.0.0", dependencies: { tiny: "2.0.0" } });
  const { code, said } = await install();
  assert.equal(code, 1);
  assert.doesNotMatch(said, /once more/);
  assert.equal(asked(), 0);
  assert.equal(installed(path), false);
});
