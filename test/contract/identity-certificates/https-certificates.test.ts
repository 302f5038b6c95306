import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { readAnchors } from "../../../gateway/adapters/identity-certificates/certificate-chain.js";
import type { CertificateOptions } from "../../../gateway/adapters/identity-certificates/certificate-options.js";
import type { LookUp } from "../../../gateway/adapters/identity-certificates/look-up.js";
import { HttpsCertificates } from "../../../gateway/adapters/identity-certificates/https-certificates.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { unixMs } from "../../../gateway/core/time.js";
import { TestAuthority } from "../../support/certificates.js";
import { FakeClock } from "../../support/fake-clock.js";
import { freeTcpPort, until } from "../../support/processes.js";
import { makeCertificate } from "../../support/shaken.js";

const DAY = 86_400_000;
const HOST = "certs.example.com";
const root = makeCertificate({ subject: "SHAKEN root", authority: true });
const good = makeCertificate({ subject: "SHAKEN 1234", issuer: root });
const PEM: Readonly<Record<string, string>> = {
  "/good": good.pem,
  "/expired": makeCertificate({ subject: "x", issuer: root, notAfter: Date.now() - DAY }).pem,
  "/early": makeCertificate({ subject: "x", issuer: root, notBefore: Date.now() + DAY, notAfter: Date.now() + 2 * DAY })
    .pem,
  "/stranger": makeCertificate({ subject: "x" }).pem,
};

let authority: TestAuthority;
let server: Server;
let port = 0;
/** What came, and what the next answers are. */
let asked: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

const plain = (request: IncomingMessage, response: ServerResponse): void => {
  const body = PEM[request.url ?? ""];
  response.writeHead(body === undefined ? 404 : 200, { "Cache-Control": "max-age=600", ETag: '"v1"' }).end(body);
};

before(async () => {
  authority = new TestAuthority();
  const { certFile, keyFile } = authority.issue("web", [`DNS:${HOST}`]);
  server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});

after(() => {
  server.close();
  server.closeAllConnections();
  authority.remove();
});

interface Bench {
  readonly clock: FakeClock;
  readonly certificates: HttpsCertificates;
  readonly find: (path?: string, at?: number, trunk?: string) => Promise<string>;
}

function bench(over: Partial<CertificateOptions> = {}, lookUp: LookUp = local): Bench {
  asked = [];
  answer = plain;
  const clock = new FakeClock();
  const anchors = readAnchors(root.pem);
  assert.ok(anchors.ok);
  const options: CertificateOptions = {
    hosts: [HOST],
    anyPublicHost: false,
    ports: [port],
    allowHttp: false,
    allowAddresses: ["127.0.0.1/32"],
    httpsCa: readFileSync(authority.caFile, "utf8"),
    timeoutMs: 2_000,
    maxBytes: 8_192,
    maxFetches: 8,
    maxFetchesPerMinute: 50,
    maxEntries: 10,
    maxCacheBytes: 1_000_000,
    ttlMs: DAY,
    staleMs: 3_600_000,
    negativeMs: 60_000,
    ...over,
  };
  const deps = { anchors: anchors.value, clock, metrics: noMetrics, log: silentLog, lookUp };
  const certificates = new HttpsCertificates(options, deps);
  return {
    clock,
    certificates,
    find: async (path = "/good", at = Date.now(), trunk = "t1") => {
      const url = path.startsWith("https:") ? path : `https://${HOST}:${port}${path}`;
      const found = await certificates.find(url, unixMs(at), trunk);
      return found.ok ? "found" : found.error;
    },
  };
}

const local: LookUp = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);

/** Waits for the server's side of the story. */
const turns = (isTold: () => boolean): Promise<void> => until("the server to be asked", isTold);

test("100 calls at once cost one fetch, and later ones none", async () => {
  const { find, clock } = bench();
  const all = await Promise.all(Array.from({ length: 100 }, () => find()));
  assert.deepEqual([...new Set(all), asked.length], ["found", 1]);
  clock.advance(599_000);
  assert.deepEqual([await find(), asked.length], ["found", 1]);
});

test("after max-age it is used for a while and asked for again with its ETag; 304 keeps it", async () => {
  const { find, clock } = bench();
  await find();
  let served = 0;
  answer = (_request, response) => {
    served++;
    response.writeHead(304, { "Cache-Control": "max-age=600" }).end();
  };
  clock.advance(601_000);
  assert.equal(await find(), "found", "the old one, at once");
  await turns(() => served === 1);
  assert.equal(asked[1]?.headers["if-none-match"], '"v1"');
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([await find(), asked.length], ["found", 2]);
});

test("while its server is away the old one is used, with a pause between tries; then no longer", async () => {
  const { find, clock } = bench();
  await find();
  answer = (_request, response) => void response.writeHead(500).end();
  clock.advance(601_000);
  assert.equal(await find(), "found");
  await turns(() => asked.length === 2);
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([await find(), asked.length], ["found", 2], "not asked again at once");
  clock.advance(3_600_000);
  assert.equal(await find(), "unreachable");
});

test("a new certificate that does not hold replaces the old one", async () => {
  const { find, clock } = bench();
  await find();
  answer = (_request, response) => void response.end(PEM["/stranger"]);
  clock.advance(601_000);
  assert.equal(await find(), "found");
  await turns(() => asked.length === 2);
  let last = "found";
  await until("the new one to be judged", async () => (last = await find()) !== "found");
  assert.equal(last, "untrusted");
});

test("a failure is remembered for a minute", async () => {
  const { find, clock } = bench();
  assert.equal(await find("/none"), "unreachable");
  assert.deepEqual([await find("/none"), asked.length], ["unreachable", 1]);
  clock.advance(61_000);
  assert.deepEqual([await find("/none"), asked.length], ["unreachable", 2]);
});

test("a certificate in the cache still expires", async () => {
  const { find } = bench();
  assert.equal(await find(), "found");
  assert.equal(await find("/good", Date.now() + 2 * DAY), "expired");
  assert.equal(await find("/good", Date.now() - 2 * DAY), "not-yet-valid");
});

for (const [path, fault] of [
  ["/expired", "expired"],
  ["/early", "not-yet-valid"],
  ["/stranger", "untrusted"],
] as const) {
  test(`${path}: ${fault}`, async () => assert.equal(await bench().find(path), fault));
}

const answers: readonly { name: string; answer: typeof plain; fault: string }[] = [
  {
    name: "a redirect is not followed",
    answer: (_q, r) => void r.writeHead(302, { Location: "/good" }).end(),
    fault: "unreachable",
  },
  {
    name: "enormous by its own word",
    answer: (_q, r) => void r.writeHead(200, { "Content-Length": "9999999" }).end("x"),
    fault: "too-large",
  },
  { name: "enormous without a word", answer: (_q, r) => void r.end("x".repeat(1_000_000)), fault: "too-large" },
  { name: "HTML", answer: (_q, r) => void r.end("<html>"), fault: "content" },
  {
    name: "broken off",
    answer: (_q, r) => void r.writeHead(200, { "Content-Length": "500" }).write("x", () => r.destroy()),
    fault: "unreachable",
  },
  {
    name: "headers without end",
    answer: (_q, r) => void r.writeHead(200, { "X-Long": "x".repeat(30_000) }).end(),
    fault: "unreachable",
  },
  { name: "304 without anything to compare", answer: (_q, r) => void r.writeHead(304).end(), fault: "unreachable" },
];
for (const { name, answer: given, fault } of answers) {
  test(`an answer: ${name}: ${fault}`, async () => {
    const { find } = bench();
    answer = given;
    assert.equal(await find(), fault);
  });
}

const slow: readonly { name: string; answer: typeof plain }[] = [
  { name: "never answers", answer: () => undefined },
  { name: "answers drop by drop", answer: (_q, r) => void r.write("-----BEGIN") },
];
for (const { name, answer: given } of slow) {
  test(`a server that ${name} is given up after timeoutMs`, async () => {
    const { find, clock } = bench();
    answer = given;
    const found = find();
    await turns(() => asked.length === 1);
    clock.advance(2_000);
    assert.equal(await found, "unreachable");
  });
}

test("a name server that never answers is given up too; fetches have a limit, and another trunk has places of its own", async () => {
  const { find, clock } = bench({}, () => new Promise(() => undefined));
  const first = [find("/a"), find("/b")];
  assert.equal(await find("/c"), "busy");
  first.push(find("/c", Date.now(), "t2"));
  clock.advance(2_000);
  assert.deepEqual(await Promise.all(first), ["unreachable", "unreachable", "unreachable"]);
  const third = find("/d");
  clock.advance(2_000);
  assert.equal(await third, "unreachable");
});

test("made-up URLs push out no certificate, and cost no more than so many fetches a minute", async () => {
  const { find, clock } = bench();
  await find();
  for (let i = 0; i < 60; i++) await find(`/made-up-${i}`);
  // Of 50 a quarter is kept; half of the rest for one trunk, half of that for one host.
  assert.equal(asked.length, 10);
  assert.equal(await find("/made-up-99"), "busy");
  assert.deepEqual([await find(), asked.length], ["found", 10]);
  clock.advance(60_000);
  assert.deepEqual([await find("/made-up-99"), asked.length], ["unreachable", 11]);
});

test("made-up URLs of one trunk leave fetches to the others, and those of all trunks leave them to what was good before", async () => {
  const { find, clock } = bench();
  await find();
  clock.advance(601_000);
  asked = [];
  for (let i = 0; i < 60; i++) await find(`/made-up-${i}`);
  const byOne = asked.length;
  assert.equal(await find("/stranger", Date.now(), "t2"), "untrusted", "another trunk's call is judged");
  for (let i = 0; i < 600; i++) await find(`/made-up-${i}`, Date.now(), `t${i % 60}`);
  assert.deepEqual([byOne, asked.length], [10, 38]);
  assert.equal(await find("/expired", Date.now(), "t99"), "busy");
  assert.equal(await find(), "found", "the old one, at once");
  await turns(() => asked.length === 39);
  assert.equal(asked.at(-1)?.url, "/good");
});

test("of several addresses one that nobody listens on does not matter", async () => {
  const both: LookUp = () =>
    Promise.resolve([
      { address: "127.0.0.9", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ]);
  const { find } = bench({ allowAddresses: ["127.0.0.0/8"] }, both);
  assert.deepEqual([await find(), asked.length], ["found", 1]);
});

test("nobody listens", async () => {
  const free = await freeTcpPort();
  const { find } = bench({ ports: [free] });
  assert.equal(await find(`https://${HOST}:${free}/good`), "unreachable");
});

test("a web server whose own certificate is not good is not believed", async () => {
  const other = bench({ hosts: ["other.example.com"] });
  assert.equal(await other.find(`https://other.example.com:${port}/good`), "unreachable");
  assert.equal(await bench({ httpsCa: undefined }).find(), "unreachable");
});

test("private addresses are refused, one among public ones too; each fetch looks up once and connects to what was judged", async () => {
  let lookUps = 0;
  const rebinding: LookUp = () => {
    lookUps++;
    return Promise.resolve([{ address: lookUps === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }]);
  };
  const { find } = bench({}, rebinding);
  assert.deepEqual([await find(), lookUps, asked.length], ["found", 1, 1]);
  assert.equal(await find("/other"), "address");
  const mixed: LookUp = () =>
    Promise.resolve([
      { address: "127.0.0.1", family: 4 },
      { address: "10.0.0.1", family: 4 },
    ]);
  assert.equal(await bench({}, mixed).find(), "address");
  assert.equal(await bench({ allowAddresses: [] }).find(), "address");
  const literal = bench({ hosts: ["127.0.0.1"], allowAddresses: [] });
  assert.deepEqual([await literal.find(`https://127.0.0.1:${port}/good`), asked.length], ["address", 0]);
  assert.equal(await bench().find("https://elsewhere.example/good"), "url");
});

test("closed: what is under way ends, nothing new begins", async () => {
  const { find, certificates } = bench();
  answer = () => undefined;
  const found = find();
  await turns(() => asked.length === 1);
  certificates.close();
  certificates.close();
  assert.equal(await found, "unreachable");
  assert.equal(await find("/later"), "busy");
});
