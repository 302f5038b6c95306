import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { test, type TestContext } from "node:test";
import { exportCdrs, type CdrExportOptions } from "../../../gateway/cli/cdr-export.js";

function collect(): { readonly stream: Writable; text: () => string } {
  let text = "";
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
}

async function run(options: Partial<CdrExportOptions>): Promise<{ status: number; out: string; complaints: string }> {
  const out = collect();
  const complaints: string[] = [];
  const status = await exportCdrs({ format: "csv", ...options }, out.stream, (line) => complaints.push(line));
  return { status, out: out.text(), complaints: complaints.join("\n") };
}

/** A gateway that answers every request the same, or breaks off. */
async function gateway(t: TestContext, status: number, body: string, breakOff = false) {
  const requests: { url: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? "", authorization: request.headers.authorization });
    response.writeHead(status, { "content-type": "text/csv", location: "http://192.0.2.1/" });
    if (breakOff) response.write(body, () => response.destroy());
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const refused = [
  {
    name: "an unknown format",
    options: { format: "xml", url: "http://127.0.0.1:1" },
    says: /--format is csv or jsonl, not xml/,
  },
  {
    name: "a time that is none",
    options: { since: "yesterday", url: "http://127.0.0.1:1" },
    says: /--since is not a time: yesterday/,
  },
  {
    name: "a day that is none",
    options: { until: "2026-13-45", url: "http://127.0.0.1:1" },
    says: /--until is not a time/,
  },
  { name: "neither gateway nor store", options: {}, says: /give --url .* or --config or --store/ },
];
for (const { name, options, says } of refused) {
  test(`cdr export: ${name} is refused with status 2`, async () => {
    const { status, out, complaints } = await run(options);
    assert.equal(status, 2);
    assert.equal(out, "");
    assert.match(complaints, says);
  });
}

test("cdr export: the answer of a gateway is passed on; filters and key are sent", async (t) => {
  const { url, requests } = await gateway(t, 200, "id\r\n1\r\n");
  const { status, out } = await run({
    url,
    key: "k",
    since: "2026-01-01",
    until: "1800000000000",
    caller: "+12025550101",
  });
  assert.equal(status, 0);
  assert.equal(out, "id\r\n1\r\n");
  const asked = new URL(requests[0]!.url, url);
  assert.equal(asked.pathname, "/api/v1/cdrs/export");
  assert.deepEqual(Object.fromEntries(asked.searchParams), {
    format: "csv",
    caller: "+12025550101",
    since: "2026-01-01T00:00:00.000Z",
    before: "2027-01-15T08:00:00.000Z",
  });
  assert.equal(requests[0]!.authorization, "Bearer k");
});

test("cdr export: a refusal is told with the gateway's words and status 1", async (t) => {
  const { url } = await gateway(t, 401, '{"error":{"code":"auth.missing"}}');
  const { status, complaints } = await run({ url });
  assert.equal(status, 1);
  assert.match(complaints, /401: .*auth\.missing/);
});

test("cdr export: a redirect is not followed, so the key goes nowhere else", async (t) => {
  const { url } = await gateway(t, 302, "");
  assert.equal((await run({ url, key: "k" })).status, 1);
});

test("cdr export: a file appears only when it is complete", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-export-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, "cdrs.csv");
  const broken = await gateway(t, 200, "id\r\n1", true);
  assert.equal((await run({ url: broken.url, out })).status, 1);
  assert.equal(existsSync(out), false);
  assert.equal(existsSync(`${out}.part`), false);
  const whole = await gateway(t, 200, "id\r\n1\r\n");
  assert.equal((await run({ url: whole.url, out })).status, 0);
  assert.equal(readFileSync(out, "utf8"), "id\r\n1\r\n");
});

test("cdr export: nobody listening is status 1 with the reason", async () => {
  const { status, complaints } = await run({ url: "http://127.0.0.1:1" });
  assert.equal(status, 1);
  assert.match(complaints, /cdr export: /);
});

test("cdr export: a folder that holds no store is refused with status 1, and nothing is made there", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-export-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const config = join(folder, "ringfence.yaml");
  writeFileSync(config, JSON.stringify({ store: { folder: join(folder, "configured") } }));
  const wrong = [{ store: join(folder, "typo") }, { store: empty }, { config }];
  for (const options of wrong) {
    const { status, out, complaints } = await run({ ...options, out: join(folder, "cdrs.csv") });
    assert.equal(status, 1);
    assert.equal(out, "");
    assert.match(complaints, /^cdr export: there is no store in .*(?:typo|empty|configured)/);
  }
  assert.deepEqual(readdirSync(folder).sort(), ["empty", "ringfence.yaml"]);
  assert.deepEqual(readdirSync(empty), []);
});
