import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { downloadModel, type ModelDownload } from "../../../gateway/cli/model-download.js";
import { listModels, pullModels, verifyModels } from "../../../gateway/cli/models.js";
import { proxyFor } from "../../../gateway/cli/open-download.js";
import { GatewayError, type ErrorCode } from "../../../gateway/core/errors.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { SeededRandom } from "../../support/seeded-random.js";

const random = new SeededRandom(3);
const CONTENT = Buffer.from(Uint8Array.from({ length: 300_000 }, () => random.below(256)));
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const folder = temporaryFolder("models");
let server: Server;
let handlers: Handler[] = [];
let requests: IncomingMessage[] = [];

before(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    (handlers.length > 1 ? handlers.shift() : handlers[0])?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
  folder.remove();
});
let file = 0;
beforeEach(() => {
  handlers = [];
  requests = [];
  file++;
});

const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const path = (): string => join(folder.path, `model-${file}.bin`);
const download = (more: Partial<ModelDownload> = {}): Promise<void> =>
  downloadModel({
    ...{ url: `${base()}/model.bin`, path: path(), sizeBytes: CONTENT.length, sha256: SHA256 },
    ...{ attempts: 3, idleMs: 30_000, maxRedirects: 3, env: {}, ...more },
  });
const code = (expected: ErrorCode, words: RegExp) => (error: unknown) =>
  error instanceof GatewayError && error.code === expected && words.test(error.message);

/** A server as it should be: whole files, or ranges. */
const serve: Handler = (request, response) => {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from ?? 0);
  const range = { "content-range": `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}` };
  response.writeHead(from === undefined ? 200 : 206, {
    "content-length": CONTENT.length - start,
    ...(from === undefined ? {} : range),
  });
  response.end(CONTENT.subarray(start));
};
/** Breaks off after so many bytes. */
const breakAfter =
  (bytes: number): Handler =>
  (_, response) => {
    response.writeHead(200, { "content-length": CONTENT.length });
    // An orderly end of the connection: what was sent arrives.
    response.write(CONTENT.subarray(0, bytes), () => response.socket?.end());
  };
const status =
  (code: number, headers = {}): Handler =>
  (_, response) =>
    void response.writeHead(code, headers).end();

test("models: a file that comes whole is checked and gets its name; progress is told", async () => {
  handlers = [serve];
  const progress: number[] = [];
  await download({ onProgress: (done) => progress.push(done) });
  assert.deepEqual(readFileSync(path()), CONTENT);
  assert.ok(!existsSync(`${path()}.part`));
  assert.equal(progress.at(-1), CONTENT.length);
});

test("models: what breaks off goes on where it broke, in the same run and in a later one", async () => {
  handlers = [breakAfter(100_000), serve];
  await download();
  assert.deepEqual(readFileSync(path()), CONTENT);
  assert.match(requests[1]?.headers.range ?? "", /^bytes=\d+-$/);

  file++;
  handlers = [breakAfter(50_000), status(503), status(502)];
  const pauses: number[] = [];
  const pause = (attempt: number): Promise<void> => Promise.resolve(void pauses.push(attempt));
  await assert.rejects(download({ pause }), code("model.missing", /502/));
  assert.deepEqual(pauses, [1, 2], "between the tries, not after the last");
  assert.ok(statSync(`${path()}.part`).size > 0 && !existsSync(path()));
  handlers = [serve];
  await download();
  assert.deepEqual(readFileSync(path()), CONTENT);
});

test("models: a server that knows no ranges sends all of it again", async () => {
  writeFileSync(`${path()}.part`, CONTENT.subarray(0, 70_000));
  handlers = [(_, response) => void response.writeHead(200, { "content-length": CONTENT.length }).end(CONTENT)];
  await download();
  assert.deepEqual(readFileSync(path()), CONTENT);
});

test("models: another file of the same size is refused, and nothing of it is kept", async () => {
  handlers = [(_, response) => void response.writeHead(200).end(Buffer.alloc(CONTENT.length, 7))];
  await assert.rejects(download(), code("model.invalid", /SHA-256/));
  assert.ok(!existsSync(path()) && !existsSync(`${path()}.part`));
});

test("models: another size, a body longer than promised and a wrong range are refused at once", async () => {
  handlers = [(_, response) => void response.writeHead(200, { "content-length": 10 }).end("0123456789")];
  await assert.rejects(download(), code("model.invalid", /10 bytes/));
  handlers = [(_, response) => void response.writeHead(200).end(Buffer.alloc(CONTENT.length + 1))];
  await assert.rejects(download(), code("model.invalid", /longer/));
  writeFileSync(`${path()}.part`, CONTENT.subarray(0, 1_000));
  handlers = [status(206, { "content-range": `bytes 5-9/${CONTENT.length}` })];
  await assert.rejects(download(), code("model.invalid", /go on/));
  assert.equal(requests.length, 3);
});

test("models: not found is said at once; a server that is down or silent is tried again, then given up", async () => {
  handlers = [status(404)];
  await assert.rejects(download(), code("model.missing", /404/));
  assert.equal(requests.length, 1);
  handlers = [() => undefined];
  await assert.rejects(download({ idleMs: 50, attempts: 2 }), code("model.missing", /nothing came for 50 ms/));
  // Both were sent, but the server may come to read them only now.
  await until("both tries to arrive", () => requests.length >= 3);
  assert.equal(requests.length, 3);
});

test("models: redirects are followed, to a limit, and nowhere but to the web", async () => {
  handlers = [status(302, { location: "/other/place" }), serve];
  await download();
  assert.equal(requests[1]?.url, "/other/place");
  file++;
  handlers = [status(302, { location: "/again" })];
  await assert.rejects(download(), code("model.missing", /more than 3 times/));
  handlers = [status(302, { location: "file:///etc/passwd" })];
  await assert.rejects(download(), code("model.missing", /no web address/));
});

test("models: http goes through the proxy of the environment, https asks it for a tunnel", async () => {
  handlers = [serve];
  await download({ url: "http://models.example/a.bin", env: { HTTP_PROXY: base().replace("//", "//user:p%40ss@") } });
  assert.equal(requests[0]?.url, "http://models.example/a.bin");
  assert.equal(requests[0].headers["proxy-authorization"], `Basic ${Buffer.from("user:p@ss").toString("base64")}`);
  file++;
  const asked: string[] = [];
  server.once("connect", (request: IncomingMessage, socket) => {
    asked.push(request.url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await assert.rejects(
    download({ url: "https://models.example/a.bin", env: { https_proxy: base() } }),
    code("model.missing", /proxy answered 403/),
  );
  assert.deepEqual(asked, ["models.example:443"]);
});

const proxies: readonly [string, Record<string, string>, string | undefined][] = [
  ["https://a.example/", { https_proxy: "http://p.example:3128" }, "p.example:3128"],
  ["http://a.example/", { https_proxy: "http://p.example:3128" }, undefined],
  ["https://a.example/", { ALL_PROXY: "p.example:8080" }, "p.example:8080"],
  ["https://a.example/", { https_proxy: "p.example:1", no_proxy: "b.example, .a.example" }, undefined],
  ["https://x.a.example/", { https_proxy: "p.example:1", no_proxy: "a.example" }, undefined],
  ["https://xa.example/", { https_proxy: "p.example:1", no_proxy: "a.example" }, "p.example:1"],
  ["https://a.example/", { https_proxy: "p.example:1", NO_PROXY: "*" }, undefined],
];
for (const [url, env, expected] of proxies) {
  test(`models: proxy for ${url} with ${JSON.stringify(env)} is ${expected ?? "none"}`, () => {
    assert.equal(proxyFor(new URL(url), env)?.host, expected);
  });
}

test("models: the command says what there is, what is unknown, missing or wrong, and pulls from a mirror", async () => {
  const lines: string[] = [];
  const options = { folder: folder.path, mirror: base(), env: {}, print: (line: string) => void lines.push(line) };
  assert.equal(await listModels(options), 0);
  assert.ok(lines.some((line) => line.startsWith("tiny.en")) && lines.some((line) => line.startsWith("silero-v6.2.0")));
  assert.equal(await pullModels(["gigantic"], options), 1);
  assert.match(lines.at(-1) ?? "", /model\.missing: no known model is called gigantic/);
  handlers = [status(404)];
  assert.equal(await pullModels(["silero-v6.2.0"], options), 1);
  assert.equal(requests[0]?.url, "/ggml-org/whisper-vad/resolve/main/ggml-silero-v6.2.0.bin");
  assert.equal(await verifyModels(["tiny.en"], options), 1);
  assert.match(lines.at(-1) ?? "", /model\.missing: .*models pull tiny\.en/);
  writeFileSync(join(folder.path, "ggml-tiny.en.bin"), "short");
  assert.equal(await verifyModels(["tiny.en"], options), 1);
  assert.match(lines.at(-1) ?? "", /model\.invalid: .*5 bytes/);
});

test("models: a folder that cannot be made or written is said at once, and nothing is fetched", async () => {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  handlers = [serve];
  // In /proc the system says ENOENT of a folder whose parent is there: mkdir's `recursive` goes round and round.
  for (const place of ["/proc/ringfence", "/proc/ringfence/models", "/dev/null/models"]) {
    assert.equal(await pullModels(["silero-v6.2.0"], { folder: place, mirror: base(), env: {}, print }), 1);
    assert.match(lines.at(-1) ?? "", new RegExp(`^model\\.missing: ${place} cannot be written: E[A-Z]+`));
  }
  assert.equal(requests.length, 0);
  // A folder in the file's place: not writable by root either.
  mkdirSync(`${path()}.part`);
  const pauses: number[] = [];
  const pause = (attempt: number): Promise<void> => Promise.resolve(void pauses.push(attempt));
  await assert.rejects(download({ pause }), code("model.missing", /cannot be written: EISDIR/));
  assert.deepEqual(pauses, [], "asking the server again makes no room");
});

test("strict-data mode: only hosts of the list are asked, and nobody whom they lead to", async () => {
  const allows = (host: string): boolean => host === "127.0.0.1";
  handlers = [serve];
  await download({ allows });
  assert.equal(requests.length, 1);
  handlers = [(_request, response) => response.writeHead(302, { location: "http://192.0.2.1/model.bin" }).end()];
  const elsewhere = download({ path: `${path()}-2`, allows });
  await assert.rejects(elsewhere, code("privacy.forbidden", /192\.0\.2\.1/));
  const proxied = download({ path: `${path()}-3`, allows, env: { http_proxy: "http://proxy.example.com:3128" } });
  await assert.rejects(proxied, code("privacy.forbidden", /proxy\.example\.com/));
  const told: string[] = [];
  const options = { folder: folder.path, env: {}, print: (line: string) => void told.push(line), allows };
  assert.equal(await pullModels(["tiny.en"], { ...options, mirror: "https://mirror.example.com" }), 1);
  assert.match(told.at(-1) ?? "", /^privacy\.forbidden: .*mirror\.example\.com/);
});
