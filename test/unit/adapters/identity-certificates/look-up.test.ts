import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { systemLookUp } from "../../../../gateway/adapters/identity-certificates/look-up.js";
import { NodeIdentityCrypto } from "../../../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import { FakeDns } from "../../../support/fake-dns.js";
import { temporaryFolder } from "../../../support/processes.js";
import { makeCertificate, spkiOf } from "../../../support/shaken.js";

let server: FakeDns;
before(async () => {
  server = await FakeDns.listen();
  server.records.set("certs.example.com", [
    { type: "A", address: "192.0.2.1" },
    { type: "AAAA", address: "2001:db8::1" },
  ]);
  server.records.set("old.example.com", [{ type: "A", address: "192.0.2.2" }]);
});
after(() => server.close());

function hosts(t: TestContext, text: string): string {
  const { path, remove } = temporaryFolder("hosts");
  t.after(remove);
  const file = join(path, "hosts");
  writeFileSync(file, text);
  return file;
}

const never = new AbortController().signal;
const shown = (found: readonly { address: string; family: number }[]): string[] =>
  found.map(({ address, family }) => `${family} ${address}`);

test("names are asked of the name servers, in both families", async () => {
  const lookUp = systemLookUp({ servers: [server.server], hostsFile: "/nowhere" });
  assert.deepEqual(shown(await lookUp("certs.example.com", never)), ["4 192.0.2.1", "6 2001:db8::1"]);
  assert.deepEqual(shown(await lookUp("old.example.com", never)), ["4 192.0.2.2"]);
  assert.deepEqual(shown(await lookUp("none.example.com", never)), []);
});

test("what the hosts file says goes before, and nobody is asked", async (t) => {
  const file = hosts(t, "# certs.example.com\n192.0.2.7  repo CERTS.example.com # here\nrubbish certs.example.com\n");
  const lookUp = systemLookUp({ servers: [server.server], hostsFile: file });
  const before = server.asked.length;
  assert.deepEqual(shown(await lookUp("certs.example.com", never)), ["4 192.0.2.7"]);
  assert.equal(server.asked.length, before);
});

test("a name server that says nothing holds up neither signatures nor files, and is left at once when nobody waits", async (t) => {
  const silent = await FakeDns.listen();
  silent.silent = true;
  t.after(() => silent.close());
  const lookUp = systemLookUp({ servers: [silent.server], hostsFile: "/nowhere" });
  const { key, keyPem } = makeCertificate({ subject: "x" });
  const crypto = new NodeIdentityCrypto(keyPem);
  const control = new AbortController();
  let ended = 0;
  // More than libuv has threads: with getaddrinfo the signature below would wait for these.
  const all = Array.from({ length: 16 }, (_none, i) =>
    lookUp(`x${i}.example.com`, control.signal).finally(() => ended++),
  );
  while (silent.asked.length < 16) await new Promise((resolve) => setImmediate(resolve));
  const data = Buffer.from("signed");
  const signature = await crypto.signEs256(data);
  assert.equal(await crypto.verifyEs256(spkiOf(key), data, signature), true);
  assert.equal(ended, 0, "no look-up had to end for that");
  control.abort();
  assert.deepEqual((await Promise.all(all)).flat(), []);
  assert.equal(ended, 16);
});
