import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import type { TransportOptions } from "../../../../../gateway/adapters/sip-embedded/transport/transport-options.js";
import type { SendTo } from "../../../../../gateway/adapters/sip-embedded/transport/transport.js";
import { GatewayError } from "../../../../../gateway/core/errors.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import { unixMs } from "../../../../../gateway/core/time.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { TestAuthority, type Pair } from "../../../../support/certificates.js";
import { OpenTransports, RawPeer, RawServer } from "../../../../support/open-transports.js";
import { until } from "../../../../support/processes.js";

const authority = new TestAuthority();
const stranger = new TestAuthority();
after(() => {
  authority.remove();
  stranger.remove();
});
const server = authority.issue("server", ["DNS:sip.example.com", "URI:sip:example.org", "IP:127.0.0.1"]);
const message = (name: string) => Buffer.from(`OPTIONS sip:${name} SIP/2.0\r\nContent-Length: 0\r\n\r\n`);

async function open(
  t: TestContext,
  pair: Pair,
  more: Partial<TransportOptions> & { requestCert?: boolean } = {},
): Promise<OpenTransports> {
  const { requestCert = false, ...options } = more;
  const tls = { ...pair, requestCert, ...(requestCert ? { caFile: authority.caFile } : {}) };
  const opened = await new OpenTransports([{ protocol: "tls", address: "127.0.0.1", port: 0, tls }], options).open();
  t.after(() => opened.transports.close());
  return opened;
}

const trusting = { tlsClient: { caFile: authority.caFile } };
const to = (port: number, more: Partial<SendTo> = {}): SendTo => ({
  protocol: "tls",
  address: "127.0.0.1",
  port,
  ...more,
});
const failure = (opened: OpenTransports, target: SendTo) =>
  new Promise<Error>((resolve) => opened.transports.send(message("x"), target, resolve));

for (const [what, name] of [
  ["a DNS name", "sip.example.com"],
  ["a SIP URI", "example.org"],
  ["the address itself", undefined],
] as const)
  test(`TLS: the peer's certificate carries ${what} (RFC 5922 §7.1)`, async (t) => {
    const [a, b] = [await open(t, server, trusting), await open(t, server)];
    a.transports.send(message("secret"), to(b.port, name === undefined ? {} : { tlsServerName: name }));
    const got = await b.next();
    assert.equal(got.source.protocol, "tls");
    b.transports.send(message("answer"), to(1, { connectionId: got.connectionId! }));
    assert.equal((await a.next()).bytes.toString(), message("answer").toString());
  });

test("TLS: a certificate for another name is refused before a byte of SIP leaves", async (t) => {
  const [a, b] = [await open(t, server, trusting), await open(t, server)];
  const error = await failure(a, to(b.port, { tlsServerName: "other.example.com" }));
  assert.ok(error instanceof GatewayError && error.code === "sip.transport");
  assert.match(error.message, /ERR_TLS_CERT_ALTNAME_INVALID/);
  a.transports.send(message("proper"), to(b.port));
  assert.equal((await b.next()).bytes.toString(), message("proper").toString());
});

test("TLS: a connection that was checked for one name is not used for another", async (t) => {
  const [a, b] = [await open(t, server, trusting), await open(t, server)];
  a.transports.send(message("x"), to(b.port, { tlsServerName: "sip.example.com" }));
  await b.next();
  assert.match((await failure(a, to(b.port, { tlsServerName: "other.example.com" }))).message, /ALTNAME/);
});

test("TLS: a certificate of an unknown authority is refused, unless verification is off", async (t) => {
  const b = await open(t, stranger.issue("b", ["IP:127.0.0.1"]));
  const strict = await open(t, server, trusting);
  assert.match((await failure(strict, to(b.port))).message, /UNABLE_TO_VERIFY|SELF_SIGNED/);
  const lax = await open(t, server, { tlsClient: { verify: false } });
  lax.transports.send(message("x"), to(b.port));
  await b.next();
});

test("mutual TLS: a client without a certificate of ours is refused, one with it is let in", async (t) => {
  const b = await open(t, server, { requestCert: true });
  const without = await open(t, server, trusting);
  // TLS 1.3: the client has sent before it hears of the refusal; what counts is that nothing arrives.
  without.transports.send(message("without"), to(b.port));
  const client = authority.issue("client", ["DNS:client.example.com"]);
  const withIt = await open(t, server, { tlsClient: { caFile: authority.caFile, ...client } });
  withIt.transports.send(message("with"), to(b.port));
  const got = await b.next();
  assert.equal(got.bytes.toString(), message("with").toString());
  // RFC 5923: our requests to that name may use the connection that its certificate proved, others may not.
  b.transports.send(message("back"), to(got.source.port, { tlsServerName: "client.example.com" }));
  await withIt.next();
  assert.match((await failure(b, to(got.source.port, { tlsServerName: "other.example.com" }))).message, /ECONNREFUSED/);
});

test("TLS: a new certificate serves new connections, open ones stay; a broken one changes nothing", async (t) => {
  const live = { certFile: join(authority.folder, "live.pem"), keyFile: join(authority.folder, "live.key") };
  const install = (pair: Pair) => {
    copyFileSync(pair.certFile, live.certFile);
    copyFileSync(pair.keyFile, live.keyFile);
  };
  install(authority.issue("old", ["DNS:old.example.com"]));
  const b = await open(t, live);
  const a = await open(t, server, trusting);
  a.transports.send(message("before"), to(b.port, { tlsServerName: "old.example.com" }));
  const before = await b.next();

  install(authority.issue("new", ["DNS:new.example.com"]));
  await b.transports.reloadCertificates();
  a.transports.send(message("after"), to(b.port, { tlsServerName: "new.example.com" }));
  assert.notEqual((await b.next()).connectionId, before.connectionId);
  a.transports.send(message("still"), to(b.port, { tlsServerName: "old.example.com" }));
  assert.equal((await b.next()).connectionId, before.connectionId);

  writeFileSync(live.keyFile, "no key");
  await assert.rejects(
    b.transports.reloadCertificates(),
    (e) => e instanceof GatewayError && e.code === "tls.certificate",
  );
  const c = await open(t, server, trusting);
  c.transports.send(message("again"), to(b.port, { tlsServerName: "new.example.com" }));
  assert.equal((await b.next()).bytes.toString(), message("again").toString());
});

const other = authority.issue("other", ["DNS:other.example.com"]);
const garbage = join(authority.folder, "garbage.pem");
writeFileSync(garbage, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
for (const { name, pair, says } of [
  {
    name: "a missing file",
    pair: { ...server, certFile: join(authority.folder, "none.pem") },
    says: /cannot read certificate .*none\.pem: ENOENT/,
  },
  {
    name: "a file that is no certificate",
    pair: { ...server, certFile: garbage },
    says: /garbage\.pem holds no PEM certificate/,
  },
  {
    name: "the key of another certificate",
    pair: { ...server, keyFile: other.keyFile },
    says: /other\.key is not the key of .*server\.pem/,
  },
  {
    name: "a file that is no key",
    pair: { ...server, keyFile: server.certFile },
    says: /server\.pem holds no PEM private key/,
  },
])
  test(`TLS: ${name} stops the start and says what is wrong`, async () => {
    const opening = new OpenTransports([{ protocol: "tls", address: "127.0.0.1", port: 0, tls: pair }]).open();
    await assert.rejects(
      opening,
      (e) => e instanceof GatewayError && e.code === "tls.certificate" && says.test(e.message),
    );
  });

test("TLS: nothing older than 1.2", async (t) => {
  const b = await open(t, server);
  const socket = connectTls({
    host: "127.0.0.1",
    port: b.port,
    ca: [],
    rejectUnauthorized: false,
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
  });
  const [error] = (await once(socket, "error")) as [Error];
  assert.ok(error instanceof Error);
});

test("TLS: plain text, a silent client and a closed one leave no connection behind, and close does not wait for them", async (t) => {
  const b = await open(t, server, { streams: { maxAccepted: 2 } });
  for (let i = 0; i < 5; i++) {
    const plain = await RawPeer.connect(b.port);
    plain.socket.write(message("plain text"));
    await plain.closed();
  }
  const a = await open(t, server, trusting);
  for (let i = 0; i < 5; i++) {
    const whole = await open(t, server, trusting);
    whole.transports.send(message("x"), to(b.port));
    await b.next();
    await whole.transports.close();
    await until("its end", () => b.accepted === 0);
  }
  const silent = await RawPeer.connect(b.port);
  a.transports.send(message("x"), to(b.port));
  await b.next();
  await b.transports.close();
  await silent.closed();
});

test("TLS: a peer that never finishes the handshake is given up after connectTimeoutMs", async (t) => {
  const mute = await RawServer.listen();
  t.after(() => mute.close());
  const a = await open(t, server, trusting);
  const failed = failure(a, to(mute.port));
  await mute.next();
  a.clock.advance(5500);
  assert.match((await failed).message, /no connection in time/);
});

test("TLS: a certificate that ends within two weeks is warned of at start", async (t) => {
  const warned: string[] = [];
  const log = { ...silentLog, warn: (event: string) => void warned.push(event) };
  // The fake clock stands in 2023, so this one is far from its end; the real clock's 2 days are near it.
  await open(t, server, { log });
  assert.deepEqual(
    warned.filter((event) => event.startsWith("tls.")),
    [],
  );
  const clock = new FakeClock();
  clock.unix = () => unixMs(Date.now());
  await open(t, server, { log, clock });
  assert.deepEqual(
    warned.filter((event) => event.startsWith("tls.")),
    ["tls.certificate-expires"],
  );
});
