import assert from "node:assert/strict";
import { test } from "node:test";
import { CidrTable, networkOf } from "../../../gateway/core/cidr.js";

function table(entries: readonly (readonly [string, string])[]): CidrTable<string> {
  const made = CidrTable.of(entries);
  assert.ok(made.ok);
  return made.value;
}

const networks = table([
  ["192.0.2.0/24", "documentation"],
  ["192.0.2.128/25", "upper half"],
  ["198.51.100.7", "one address"],
  ["2001:db8::/32", "documentation 6"],
  ["2001:db8:1::42/128", "one address 6"],
]);

const cases: readonly (readonly [name: string, address: string, expected: string | undefined])[] = [
  ["an address in a network is found", "192.0.2.1", "documentation"],
  ["the narrowest network wins", "192.0.2.200", "upper half"],
  ["an address without prefix is that address only", "198.51.100.7", "one address"],
  ["a neighbour of it is not", "198.51.100.8", undefined],
  ["IPv6 in a network", "2001:db8:ffff::1", "documentation 6"],
  ["IPv6 spelled out in full", "2001:0db8:0001:0000:0000:0000:0000:0042", "one address 6"],
  ["IPv4-mapped IPv6 is the IPv4 address", "::ffff:192.0.2.1", "documentation"],
  ["a zone is ignored", "2001:db8::9%eth0", "documentation 6"],
  ["IPv4 is not matched by IPv6 networks", "32.1.13.184", undefined],
  ["a name is in no network", "gateway.example", undefined],
  ["256 is no octet", "192.0.2.256", undefined],
  ["nothing is in no network", "", undefined],
];
for (const [name, address, expected] of cases) {
  test(`CIDR look-up: ${name}`, () => assert.equal(networks.lookup(address), expected));
}

test("CIDR look-up: /0 holds every address of its family only", () => {
  const all = table([["0.0.0.0/0", "any 4"]]);
  assert.equal(all.lookup("203.0.113.9"), "any 4");
  assert.equal(all.lookup("2001:db8::1"), undefined);
});

for (const [text, code] of [
  ["192.0.2.0/33", "cidr.prefix"],
  ["192.0.2.0/", "cidr.prefix"],
  ["192.0.2/24", "cidr.address"],
  ["2001:db8::1::2", "cidr.address"],
  ["2001:db8:1:2:3:4:5", "cidr.address"],
  ["1:2:3:4:5:6:7:8::", "cidr.address"],
  ["::/129", "cidr.prefix"],
] as const) {
  test(`CIDR table: ${text} is refused as ${code}`, () => {
    const made = CidrTable.of([[text, 1]]);
    assert.deepEqual(made, { ok: false, error: { code, text } });
  });
}

for (const [name, one, other, same] of [
  ["bits after the prefix are no difference", "192.0.2.7/24", "192.0.2.0/24", true],
  ["an address is its whole prefix", "192.0.2.7", "192.0.2.7/32", true],
  ["IPv6 in full and in short", "2001:DB8:0::1", "2001:db8::1/128", true],
  ["a narrower network is another", "192.0.2.0/25", "192.0.2.0/24", false],
  ["families differ", "0.0.0.0/0", "::/0", false],
] as const) {
  test(`one network is one text: ${name}`, () => assert.equal(networkOf(one) === networkOf(other), same));
}

test("what is no network has no text", () => assert.equal(networkOf("192.0.2.0/33"), undefined));
