import assert from "node:assert/strict";
import { test } from "node:test";
import { ariServerSchema, type AriServerConfig } from "../../../gateway/config/asterisk/ari-schema.js";
import { silentLog, type LogFields } from "../../../gateway/core/log.js";
import { AskingServers } from "../../../gateway/wiring/asterisk/asking-servers.js";

const server = (id: string, host: string, trunk?: string): AriServerConfig =>
  ariServerSchema.parse({
    id,
    ariUrl: `http://${host}:8088/ari`,
    username: "u",
    password: "p",
    ...(trunk === undefined ? {} : { trunk }),
  });

const one = [server("pbx1", "127.0.0.1", "north")];
const elsewhere = [server("pbx1", "192.0.2.1", "north")];
const named = [server("pbx1", "pbx.example")];
const two = [server("pbx1", "192.0.2.1", "north"), server("pbx2", "[2001:db8::2]")];
const together = [server("a", "192.0.2.1"), server("b", "192.0.2.1")];
const cases: readonly (readonly [
  name: string,
  servers: readonly AriServerConfig[],
  named: string | undefined,
  address: string,
  expected: readonly [id: string, trunk?: string],
  isTold?: "told",
])[] = [
  ["none is configured", [], undefined, "192.0.2.1", ["asterisk"]],
  ["none is configured, the dialplan names one", [], "pbx9", "192.0.2.1", ["pbx9"]],
  ["the only one, by the name that asterisk-conf writes", one, "asterisk", "127.0.0.1", ["pbx1", "north"]],
  ["the same from another address", one, "asterisk", "192.0.2.7", ["pbx1", "north"]],
  ["the only one, by a name that is none", one, "pbx-1", "127.0.0.1", ["pbx1", "north"], "told"],
  ["the same, from this machine's own address", one, "pbx-1", "192.0.2.7", ["pbx1", "north"], "told"],
  ["the same, where ARI's address is a name", named, "pbx-1", "192.0.2.7", ["pbx1"], "told"],
  ["another than the only one, as its address shows", elsewhere, "pbx9", "192.0.2.7", ["pbx9"], "told"],
  ["the dialplan names one of two that is not configured", two, "pbx9", "192.0.2.1", ["pbx9"], "told"],
  ["the dialplan names one, whatever the address is", two, "pbx1", "192.0.2.7", ["pbx1", "north"]],
  ["the dialplan's name is none", two, "no;such", "192.0.2.1", ["pbx1", "north"], "told"],
  ["by address", two, undefined, "192.0.2.1", ["pbx1", "north"]],
  ["by address, by the name that asterisk-conf writes", two, "asterisk", "2001:db8::2", ["pbx2"]],
  ["by an address that came in over IPv6", two, undefined, "::ffff:192.0.2.1", ["pbx1", "north"]],
  ["by an IPv6 address", two, undefined, "2001:db8::2", ["pbx2"]],
  ["an address of none of two", two, undefined, "192.0.2.7", ["asterisk"], "told"],
  ["asterisk-conf's name, and an address of none of two", two, "asterisk", "192.0.2.7", ["asterisk"], "told"],
  ["only one is configured: it is that", [server("only", "pbx.example")], undefined, "192.0.2.7", ["only"]],
  ["two at one address: it tells nothing", together, undefined, "192.0.2.1", ["asterisk"], "told"],
  ["two at one address, asterisk-conf's name", together, "asterisk", "192.0.2.1", ["asterisk"], "told"],
  ["localhost is 127.0.0.1", [server("a", "localhost"), server("b", "192.0.2.1")], undefined, "127.0.0.1", ["a"]],
];

/** Servers, and the warnings that came of what they were asked. */
function asking(servers: readonly AriServerConfig[]) {
  const warnings: (LogFields & { readonly event: string })[] = [];
  const warn = (event: string, fields?: LogFields): void => void warnings.push({ event, ...fields });
  return { servers: new AskingServers([...servers], { ...silentLog, warn }), warnings };
}

for (const [name, configured, said, address, [id, trunk], isTold] of cases) {
  test(`which Asterisk asks: ${name}`, () => {
    const { servers, warnings } = asking(configured);
    assert.deepEqual(servers.of(said, address), { id, ...(trunk === undefined ? {} : { trunk }) });
    assert.equal(warnings.length, isTold === undefined ? 0 : 1);
    assert.deepEqual(servers.wrongNames, isTold === undefined ? [] : [said ?? ""]);
  });
}

test("a name that is none of the servers' is told of once, with what it was taken for and what to do; many names do not fill memory", () => {
  const { servers, warnings } = asking(two);
  for (let call = 0; call < 3; call++) servers.of("asterisk", "192.0.2.7");
  assert.deepEqual(
    warnings.map(({ remedy, ...rest }) => ({ ...rest, remedy: String(remedy).includes("RINGFENCE_SERVER") })),
    [{ event: "agi.unknown-server", named: "asterisk", takenFor: "asterisk", servers: "pbx1,pbx2", remedy: true }],
  );
  servers.of("pbx9", "192.0.2.7");
  assert.equal(warnings.length, 2);
  for (let i = 0; i < 1_000; i++) servers.of(`pbx-${i}`, "192.0.2.7");
  assert.equal(warnings.length, 16);
  assert.equal(servers.wrongNames.length, 16);
});
