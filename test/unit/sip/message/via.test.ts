import assert from "node:assert/strict";
import { test } from "node:test";
import { formatVia, parseVia, viaBranch } from "../../../../gateway/sip/message/via.js";

const READ = [
  ["SIP/2.0/UDP 192.0.2.1", "UDP", "192.0.2.1", undefined, ""],
  ["SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKx;rport", "UDP", "192.0.2.1", 5070, ";branch=z9hG4bKx;rport"],
  ["SIP/2.0/TLS [2001:db8::1]:5061;x=[::1]:9", "TLS", "[2001:db8::1]", 5061, ";x=[::1]:9"],
  ["SIP/2.0/UDP [2001:db8::1]", "UDP", "[2001:db8::1]", undefined, ""],
  ["SIP / 2.0 / TCP \t host.example.com : 5060 ; branch=x", "TCP", "host.example.com", 5060, "; branch=x"],
  ["sip/2.0/udp host_1.example.com", "udp", "host_1.example.com", undefined, ""],
  ["SIP/2.0/UNKNOWN-1 h;received=::1", "UNKNOWN-1", "h", undefined, ";received=::1"],
] as const;
for (const [value, transport, host, port, params] of READ) {
  test(`Via ${JSON.stringify(value)} (RFC 3261 §20.42)`, () => {
    const via = parseVia(value);
    assert.deepEqual(via, { transport, host, port, params });
    assert.deepEqual(parseVia(formatVia(via)), via);
  });
}

test("the branch is found whatever stands round it", () => {
  const via = parseVia("SIP/2.0/UDP h ;rport; Branch = z9hG4bK-1");
  assert.equal(via && viaBranch(via), "z9hG4bK-1");
});

const MALFORMED = [
  "",
  "SIP/2.0/UDP",
  "SIP/2.0/UDP ",
  "SIP/2.0/ h",
  "SIP/3.0/UDP h",
  "HTTP/2.0/UDP h",
  "SIP/2.0 UDP h",
  "SIP/2.0/UDP h:",
  "SIP/2.0/UDP h:x",
  "SIP/2.0/UDP h:65536",
  "SIP/2.0/UDP h:-1",
  "SIP/2.0/UDP [::1",
  "SIP/2.0/UDP [::g]",
  "SIP/2.0/UDP a b",
  "SIP/2.0/UDP h;",
  "SIP/2.0/UDP h;;branch=x",
  'SIP/2.0/UDP h;x="',
  "SIP/2.0/UDP h, SIP/2.0/UDP i",
  "SIP/2.0/U;DP h",
];
for (const value of MALFORMED) test(`no Via: ${JSON.stringify(value)}`, () => assert.equal(parseVia(value), undefined));
