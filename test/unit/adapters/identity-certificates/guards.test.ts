import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressGuard } from "../../../../gateway/adapters/identity-certificates/address-guard.js";
import { lifetimeMs } from "../../../../gateway/adapters/identity-certificates/cache-lifetime.js";
import { CertificateCache } from "../../../../gateway/adapters/identity-certificates/certificate-cache.js";
import { fetchableUrl } from "../../../../gateway/adapters/identity-certificates/fetchable-url.js";

const guard = new AddressGuard(["10.9.0.0/16"]);
const addresses: readonly (readonly [address: string, allowed: boolean, why: string])[] = [
  ["8.8.8.8", true, "public"],
  ["2606:4700::1111", true, "public IPv6"],
  ["10.9.1.2", true, "named by the operator"],
  ["::ffff:10.9.1.2", true, "the same, mapped"],
  ["10.8.1.2", false, "private"],
  ["127.0.0.1", false, "loopback"],
  ["127.255.0.9", false, "loopback"],
  ["0.0.0.0", false, "this host"],
  ["169.254.169.254", false, "link-local, cloud metadata"],
  ["100.100.100.200", false, "shared, cloud metadata"],
  ["168.63.129.16", false, "cloud metadata"],
  ["192.168.1.1", false, "private"],
  ["172.31.255.255", false, "private"],
  ["224.0.0.1", false, "multicast"],
  ["255.255.255.255", false, "broadcast"],
  ["198.51.100.7", false, "documentation"],
  ["::1", false, "loopback"],
  ["::", false, "unspecified"],
  ["fe80::1", false, "link-local"],
  ["fe80::1%eth0", false, "link-local with zone"],
  ["fd00:ec2::254", false, "unique local, cloud metadata"],
  ["ff02::1", false, "multicast"],
  ["::ffff:127.0.0.1", false, "loopback, mapped"],
  ["::ffff:7f00:1", false, "loopback, mapped in hex"],
  ["::127.0.0.1", false, "IPv4-compatible"],
  ["64:ff9b::7f00:1", false, "NAT64"],
  ["2002:7f00:1::", false, "6to4"],
  ["2001:0:7f00:1::", false, "Teredo"],
  ["2001:db8::1", false, "documentation"],
  ["example.com", false, "no address"],
  ["0x7f.1", false, "no address"],
  ["", false, "nothing"],
];
for (const [address, allowed, why] of addresses) {
  test(`address ${address} (${why}): ${allowed ? "allowed" : "refused"}`, () => {
    assert.equal(guard.allows(address), allowed);
  });
}

const RULES = {
  hosts: ["certs.example.com", "*.sti.example"],
  anyPublicHost: false,
  ports: [443, 8443],
  allowHttp: false,
};
const urls: readonly { url: string; rules?: Partial<typeof RULES>; is?: string }[] = [
  { url: "https://certs.example.com/a.pem", is: "certs.example.com 443 /a.pem" },
  { url: "https://CERTS.example.com:8443/a", is: "certs.example.com 8443 /a" },
  { url: "https://certs.example.com./a", is: "certs.example.com 443 /a" },
  { url: "https://x.sti.example/a", is: "x.sti.example 443 /a" },
  { url: "https://sti.example/a" },
  { url: "https://evilsti.example/a" },
  { url: "https://certs.example.com.evil.example/a" },
  { url: "https://other.example/a" },
  { url: "https://other.example/a", rules: { anyPublicHost: true }, is: "other.example 443 /a" },
  { url: "https://localhost/a", rules: { anyPublicHost: true } },
  { url: "http://certs.example.com/a" },
  { url: "http://certs.example.com:8443/a", rules: { allowHttp: true }, is: "certs.example.com 8443 /a" },
  { url: "https://certs.example.com:444/a" },
  { url: "https://user@certs.example.com/a" },
  { url: "https://certs.example.com/a?b=c" },
  { url: "https://certs.example.com/a?" },
  { url: "https://certs.example.com/a#b" },
  { url: "https://certs.example.com/a#" },
  { url: "ftp://certs.example.com/a" },
  { url: "file:///etc/passwd" },
  { url: "https://" },
  { url: "certs.example.com/a" },
  { url: `https://certs.example.com/${"a".repeat(512)}` },
  { url: "https://0x7f.1/a", rules: { anyPublicHost: true }, is: "127.0.0.1 443 /a" },
  { url: "https://[::1]/a", rules: { anyPublicHost: true }, is: "::1 443 /a" },
];
for (const { url, rules = {}, is } of urls) {
  test(`${url.slice(0, 60)} ${JSON.stringify(rules)}: ${is ?? "not fetched"}`, () => {
    const found = fetchableUrl(url, { ...RULES, ...rules });
    assert.equal(found === undefined ? undefined : `${found.host} ${found.port} ${found.path}`, is);
  });
}

const DAY = 86_400_000;
const lifetimes: readonly { control?: string; age?: string; is: number }[] = [
  { is: DAY },
  { control: "max-age=600", is: 600_000 },
  { control: "public, MAX-AGE = 600", age: "100", is: 500_000 },
  { control: "max-age=600", age: "9999", is: 60_000 },
  { control: "max-age=0", is: 60_000 },
  { control: "no-store", is: 60_000 },
  { control: "max-age=99999999", is: DAY },
  { control: "max-age=-5", is: DAY },
  { control: "private", is: DAY },
];
for (const { control, age, is } of lifetimes) {
  test(`Cache-Control: ${control ?? "none"}, Age: ${age ?? "none"} counts ${is / 1000} s`, () => {
    assert.equal(lifetimeMs(control, age, DAY), is);
  });
}

test("the cache is bounded in entries and in bytes; what was used longest ago goes first", () => {
  const bad = (bytes: number) => ({ kind: "bad", fault: "unreachable", until: 0, bytes }) as const;
  const few = new CertificateCache(3, 1_000_000);
  for (const key of ["a", "b", "c"]) few.set(key, bad(0));
  few.get("a");
  few.set("d", bad(0));
  assert.deepEqual([few.get("a")?.kind, few.get("b"), few.size], ["bad", undefined, 3]);
  const small = new CertificateCache(1_000, 10_000);
  for (let i = 0; i < 100; i++) small.set(`k${i}`, bad(1_000));
  assert.ok(small.bytes <= 10_000 && small.size >= 4, `${small.bytes} bytes in ${small.size}`);
  small.set("k99", bad(5));
  assert.equal(small.get("k99")?.bytes, 5);
});
