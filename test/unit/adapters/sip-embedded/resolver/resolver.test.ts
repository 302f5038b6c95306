import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  DnsResolver,
  type ResolverOptions,
} from "../../../../../gateway/adapters/sip-embedded/resolver/dns-resolver.js";
import { orderSrv } from "../../../../../gateway/adapters/sip-embedded/resolver/order-srv.js";
import { GatewayError } from "../../../../../gateway/core/errors.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import type { Random } from "../../../../../gateway/core/random.js";
import type { SipTarget } from "../../../../../gateway/ports/sip-endpoint.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { FakeDns, type DnsRecord } from "../../../../support/fake-dns.js";

/** A generator that repeats itself: the same seed, the same numbers. */
function seeded(seed: number): Random {
  let state = seed;
  const next = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  return { next, token: () => String(next()) };
}

const ZONE: Readonly<Record<string, readonly DnsRecord[]>> = {
  "plain.example.com": [{ type: "A", address: "192.0.2.10" }],
  "dual.example.com": [
    { type: "A", address: "192.0.2.20" },
    { type: "AAAA", address: "2001:db8::20" },
  ],
  "srv.example.com": [],
  "_sip._udp.srv.example.com": [
    { type: "SRV", priority: 20, weight: 0, port: 5080, target: "backup.example.com" },
    { type: "SRV", priority: 10, weight: 0, port: 5070, target: "main.example.com" },
  ],
  "_sip._tcp.srv.example.com": [{ type: "SRV", priority: 10, weight: 0, port: 5071, target: "main.example.com" }],
  "_sips._tcp.srv.example.com": [{ type: "SRV", priority: 10, weight: 0, port: 5081, target: "main.example.com" }],
  "main.example.com": [{ type: "A", address: "192.0.2.1" }],
  "backup.example.com": [{ type: "A", address: "192.0.2.2" }],
  "naptr.example.com": [
    { type: "NAPTR", order: 20, preference: 1, service: "SIP+D2U", replacement: "_sip._udp.srv.example.com" },
    { type: "NAPTR", order: 10, preference: 2, service: "SIP+D2T", replacement: "_sip._tcp.srv.example.com" },
    { type: "NAPTR", order: 10, preference: 1, service: "SIP+D2S", replacement: "_sip._sctp.srv.example.com" },
    { type: "NAPTR", order: 30, preference: 1, service: "SIPS+D2T", replacement: "_sips._tcp.srv.example.com" },
  ],
  "closed.example.com": [{ type: "A", address: "192.0.2.40" }],
  "_sip._udp.closed.example.com": [{ type: "SRV", priority: 0, weight: 0, port: 0, target: "." }],
};

async function open(t: TestContext, options: Partial<ResolverOptions> = {}) {
  const dns = await FakeDns.listen();
  for (const [name, records] of Object.entries(ZONE)) dns.records.set(name, records);
  const clock = new FakeClock();
  let misses = 0;
  const resolver = new DnsResolver({
    servers: [dns.server],
    clock,
    random: seeded(1),
    useHostsFile: false,
    // Of real time: a machine that stands still for a moment asks nobody a second time.
    timeoutMs: 60_000,
    log: { ...silentLog, warn: () => (misses += 1) },
    ...options,
  });
  t.after(() => {
    resolver.close();
    dns.close();
  });
  return { dns, clock, resolver, misses: () => misses };
}

const short = (targets: readonly SipTarget[]) =>
  targets.map(
    (each) =>
      `${each.protocol} ${each.address} ${each.port}${each.tlsServerName === undefined ? "" : ` ${each.tlsServerName}`}`,
  );

const literals = [
  { hop: "192.0.2.1", expect: ["udp 192.0.2.1 5060"] },
  { hop: "192.0.2.1:5070", expect: ["udp 192.0.2.1 5070"] },
  { hop: "[2001:db8::1]:5070", expect: ["udp 2001:db8::1 5070"] },
  { hop: "2001:db8::1", expect: ["udp 2001:db8::1 5060"] },
  { hop: "192.0.2.1:5070;transport=tcp", expect: ["tcp 192.0.2.1 5070"] },
  { hop: "sip:192.0.2.1;transport=TCP", expect: ["tcp 192.0.2.1 5060"] },
  { hop: "sip:user@192.0.2.1;transport=tls", expect: ["tls 192.0.2.1 5061"] },
  { hop: "sips:[2001:db8::1]", expect: ["tls 2001:db8::1 5061"] },
  { hop: "sip:example.com;maddr=192.0.2.9", expect: ["udp 192.0.2.9 5060"] },
];
for (const { hop, expect } of literals)
  test(`a literal needs no look-up: ${hop}`, async (t) => {
    const { resolver, dns } = await open(t);
    assert.deepEqual(short(resolver.cached(hop)!), expect);
    assert.equal(resolver.cached(hop), resolver.cached(hop));
    assert.deepEqual(dns.asked, []);
  });

const names = [
  { why: "a port: addresses only (RFC 3263 §4.2)", hop: "srv.example.com.invalid:5070", expect: undefined },
  { why: "a port: addresses only (RFC 3263 §4.2)", hop: "plain.example.com:5070", expect: ["udp 192.0.2.10 5070"] },
  {
    why: "both families, IPv4 first",
    hop: "dual.example.com:5070",
    expect: ["udp 192.0.2.20 5070", "udp 2001:db8::20 5070"],
  },
  { why: "no SRV: addresses and the default port", hop: "plain.example.com", expect: ["udp 192.0.2.10 5060"] },
  {
    why: "no SRV, TLS asked for: its own default port, and the name for the certificate",
    hop: "sips:plain.example.com",
    expect: ["tls 192.0.2.10 5061 plain.example.com"],
  },
  { why: "SRV in order of priority", hop: "sip:srv.example.com", expect: ["udp 192.0.2.1 5070", "udp 192.0.2.2 5080"] },
  {
    why: "the transport asked for decides the SRV name",
    hop: "sip:srv.example.com;transport=tcp",
    expect: ["tcp 192.0.2.1 5071"],
  },
  {
    why: "TLS: the certificate is that of the name asked for, not of the SRV target (RFC 5922 §4)",
    hop: "sips:srv.example.com",
    expect: ["tls 192.0.2.1 5081 srv.example.com"],
  },
  {
    why: "NAPTR in order, services that we lack skipped",
    hop: "sip:naptr.example.com",
    expect: ["tcp 192.0.2.1 5071"],
  },
  {
    why: "NAPTR for sips: SIPS services only",
    hop: "sips:naptr.example.com",
    expect: ["tls 192.0.2.1 5081 naptr.example.com"],
  },
  {
    why: "SRV that says `.`: not over that transport; then addresses",
    hop: "closed.example.com",
    expect: ["udp 192.0.2.40 5060"],
  },
];
for (const { why, hop, expect } of names)
  test(`${hop}: ${why}`, async (t) => {
    const { resolver } = await open(t);
    assert.equal(resolver.cached(hop), undefined);
    if (expect === undefined)
      await assert.rejects(resolver.resolve(hop), (e) => e instanceof GatewayError && e.code === "dns.failed");
    else {
      assert.deepEqual(short(await resolver.resolve(hop)), expect);
      assert.deepEqual(short(resolver.cached(hop)!), expect);
    }
  });

for (const hop of [
  "",
  "two words",
  "sip:",
  "sip:host;transport=sctp",
  "sips:host;transport=udp",
  "host:99999",
  "http://example.com",
  "[::1",
])
  test(`what is no hop is dns.failed at once, without a question: ${JSON.stringify(hop)}`, async (t) => {
    const { resolver, dns } = await open(t);
    await assert.rejects(resolver.resolve(hop), (e) => e instanceof GatewayError && e.code === "dns.failed");
    assert.deepEqual(dns.asked, []);
  });

test("an answer is good for its TTL; then the old one is given at once while a new one is fetched", async (t) => {
  const { resolver, dns, clock } = await open(t);
  const hop = "plain.example.com:5060";
  dns.records.set("plain.example.com", [{ type: "A", address: "192.0.2.10", ttl: 30 }]);
  await resolver.resolve(hop);
  const asked = dns.asked.length;
  clock.advance(29_000);
  await resolver.resolve(hop);
  assert.equal(dns.asked.length, asked);
  dns.records.set("plain.example.com", [{ type: "A", address: "192.0.2.11", ttl: 30 }]);
  clock.advance(2000);
  assert.deepEqual(short(resolver.cached(hop)!), ["udp 192.0.2.10 5060"]);
  while (short(resolver.cached(hop)!)[0] !== "udp 192.0.2.11 5060")
    await new Promise<void>((resolve) => setImmediate(resolve));
});

test("while DNS is gone the old answer serves, to a limit; a failure is asked again only after negativeTtlMs", async (t) => {
  const { resolver, dns, clock, misses } = await open(t, { staleMs: 600_000, negativeTtlMs: 5000 });
  const hop = "plain.example.com:5060";
  await resolver.resolve(hop);
  dns.records.delete("plain.example.com");
  clock.advance(61_000);
  const settled = async () => {
    const [before, missed] = [dns.asked.length, misses()];
    resolver.cached(hop);
    while (misses() === missed) await new Promise<void>((resolve) => setImmediate(resolve));
    assert.equal(dns.asked.length, before + 2);
  };
  await settled();
  assert.deepEqual(short(await resolver.resolve(hop)), ["udp 192.0.2.10 5060"]);
  const asked = dns.asked.length;
  clock.advance(4000);
  resolver.cached(hop);
  assert.equal(dns.asked.length, asked);
  clock.advance(2000);
  await settled();
  clock.advance(600_000);
  await assert.rejects(resolver.resolve(hop), /does not resolve/);
});

test("many that ask for one name at once ask DNS once", async (t) => {
  const { resolver, dns } = await open(t);
  await Promise.all(Array.from({ length: 20 }, () => resolver.resolve("plain.example.com:5060")));
  assert.deepEqual([...dns.asked].sort(), ["A plain.example.com", "AAAA plain.example.com"]);
});

test("a DNS server that says nothing is given up at deadlineMs", async (t) => {
  const { resolver, dns, clock } = await open(t, { deadlineMs: 3000, timeoutMs: 60_000 });
  dns.silent = true;
  const resolving = resolver.resolve("plain.example.com:5060");
  while (dns.asked.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  clock.advance(3000);
  await assert.rejects(resolving, /no answer in time/);
});

test("names are kept to a limit, look-ups at a time too", async (t) => {
  const { resolver, dns } = await open(t, { maxNames: 2, maxPending: 2 });
  for (const name of ["plain", "dual", "main"]) await resolver.resolve(`${name}.example.com:5060`);
  assert.equal(resolver.cached("plain.example.com:5060"), undefined);
  assert.notEqual(resolver.cached("main.example.com:5060"), undefined);
  dns.silent = true;
  const waiting = ["a", "b"].map((name) =>
    resolver.resolve(`${name}.example.com:5060`).catch((error: unknown) => error),
  );
  await assert.rejects(resolver.resolve("c.example.com:5060"), /too many/);
  resolver.close();
  await Promise.all(waiting);
});

test("the hosts file is asked where DNS knows nothing", async (t) => {
  const { resolver } = await open(t, { useHostsFile: true });
  assert.deepEqual(short(await resolver.resolve("localhost:5060")).slice(0, 1), ["udp 127.0.0.1 5060"]);
});

test("RFC 2782: lower priority first, within one drawn by weight; weight 0 is not starved (seed 1)", () => {
  const random = seeded(1);
  const records = [
    { id: "last", priority: 2, weight: 100 },
    { id: "heavy", priority: 1, weight: 75 },
    { id: "light", priority: 1, weight: 25 },
    { id: "zero", priority: 1, weight: 0 },
  ];
  const firsts = new Map<string, number>();
  for (let i = 0; i < 4000; i++) {
    const ordered = orderSrv(records, random).map((each) => each.id);
    assert.equal(ordered.length, 4);
    assert.equal(ordered[3], "last");
    firsts.set(ordered[0]!, (firsts.get(ordered[0]!) ?? 0) + 1);
  }
  const share = (id: string) => (firsts.get(id) ?? 0) / 4000;
  assert.ok(Math.abs(share("heavy") - 0.74) < 0.04, String(share("heavy")));
  assert.ok(Math.abs(share("light") - 0.25) < 0.04, String(share("light")));
  assert.ok(share("zero") > 0 && share("zero") < 0.03, String(share("zero")));
});
