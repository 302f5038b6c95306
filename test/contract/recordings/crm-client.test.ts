import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { CrmClient, type CrmOptions } from "../../../gateway/adapters/crm-http/crm-client.js";

const NOW = 1_700_000_000_000;
const PAYLOAD = { call_id: "abc123", summary: "ü" };

describe("posting to a CRM", () => {
  const asked: { headers: IncomingHttpHeaders; body: string; url: string }[] = [];
  let answer: RequestListener = (_request, response) => void response.writeHead(201).end();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8"), url: request.url ?? "" });
      answer(request, response);
    });
  });
  let url = "";
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/calls`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const post = (options: Partial<CrmOptions> = {}, signal = new AbortController().signal) =>
    new CrmClient({ url, timeoutMs: 60_000, ...options }, () => NOW).post("key-1", PAYLOAD, signal);

  test("what it is sent: JSON, the key, token and signature", async () => {
    assert.equal(await post({ token: "t0ken", secret: "s3cret" }), undefined);
    const { headers, body } = asked.at(-1) ?? assert.fail();
    assert.deepEqual(JSON.parse(body), PAYLOAD);
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers["idempotency-key"], "key-1");
    assert.equal(headers["authorization"], "Bearer t0ken");
    const mac = createHmac("sha256", "s3cret")
      .update(`${NOW / 1_000}.${body}`)
      .digest("hex");
    assert.equal(headers["x-ringfence-signature"], `t=${NOW / 1_000},v1=${mac}`);
  });

  const STATUSES: readonly (readonly [status: number, code: string | undefined, isDown: boolean])[] = [
    [200, undefined, false],
    [204, undefined, false],
    [409, "crm.unavailable", false],
    [422, "crm.rejected", false],
    [429, "crm.unavailable", true],
    [400, "crm.rejected", false],
    [401, "crm.unavailable", false],
    [404, "crm.unavailable", false],
    [410, "crm.rejected", false],
    [413, "crm.rejected", false],
    [500, "crm.unavailable", true],
    [503, "crm.unavailable", true],
    [302, "crm.rejected", false],
  ];
  for (const [status, code, isDown] of STATUSES) {
    test(`${status} is ${code ?? "taken"}${isDown ? ", and others wait too" : ""}`, async () => {
      answer = (_request, response) => void response.writeHead(status, { location: "/elsewhere" }).end();
      const refusal = await post();
      assert.deepEqual([refusal?.error.code, refusal?.isDown ?? false], [code, isDown]);
      assert.equal(asked.at(-1)?.url, "/calls", "redirects are not followed: the text goes nowhere else");
    });
  }

  for (const [header, ms] of [
    ["120", 120_000],
    ["0", 0],
    ["-5", undefined],
    ["soon", undefined],
    [new Date(NOW + 90_000).toUTCString(), 90_000],
    [new Date(NOW - 90_000).toUTCString(), 0],
  ] as const) {
    test(`Retry-After: ${header} is ${ms ?? "nothing"}`, async () => {
      answer = (_request, response) => void response.writeHead(429, { "retry-after": header }).end();
      assert.equal((await post())?.retryAfterMs, ms);
    });
  }

  test("no answer, half an answer, nobody there: unavailable, within the time", async () => {
    answer = () => undefined;
    assert.equal((await post({ timeoutMs: 200 }))?.error.code, "crm.unavailable");
    answer = (request) => void request.socket.destroy();
    assert.equal((await post())?.error.code, "crm.unavailable");
    assert.equal((await post({ url: "http://127.0.0.1:1/" }))?.error.code, "crm.unavailable");
  });

  test("an answer without an end costs no time: its status counts", async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      response.write("x");
    };
    assert.equal(await post(), undefined);
  });

  test("neither token nor address is in what is said of a failure", async () => {
    const refusal = await post({ url: "http://127.0.0.1:1/secret-path", token: "t0ken" });
    assert.doesNotMatch(`${refusal?.error.message}`, /t0ken|secret-path|127\.0/);
  });

  test("whoever stops it gets the reason", async () => {
    answer = () => undefined;
    const stop = new AbortController();
    const asking = post({}, stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(asking, /stopped/);
  });
});
