import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { configSchema, type Config } from "../../../gateway/config/schema.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { silentLog } from "../../../gateway/core/log.js";
import { identityProblems, makeIdentity, trunkIdentity } from "../../../gateway/wiring/identity.js";
import { outwardTargets } from "../../../gateway/wiring/strict-data.js";
import { B2buaBench } from "../../support/b2bua-bench.js";
import { RandomDouble } from "../../support/call-doubles.js";
import { temporaryFolder } from "../../support/processes.js";
import { makeCertificate } from "../../support/shaken.js";

const folder = temporaryFolder("identity");
after(() => folder.remove());
const file = (name: string, text: string): string => {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
};
const root = makeCertificate({ subject: "root", authority: true });
const anchors = file("root.pem", root.pem);
const odd = file("odd.pem", makeCertificate({ subject: "x", authority: true, curve: "secp384r1" }).pem);
const key = file("key.pem", root.keyPem);
const x5u = "https://certs.example.org/a.pem";

const config = (identity: object, trunk: object = {}): Config =>
  configSchema.parse({ identity, trunks: [{ id: "t", identity: trunk }] });

const cases: readonly { name: string; identity: object; trunk?: object; problems: readonly RegExp[] }[] = [
  { name: "nothing of it", identity: {}, problems: [] },
  {
    name: "verify with anchors and hosts",
    identity: { verify: true, trustAnchors: [anchors], certificates: { hosts: ["*.example.org"] } },
    problems: [],
  },
  {
    name: "a trunk verifies without either",
    identity: {},
    trunk: { verify: true },
    problems: [/^identity\.trustAnchors: /, /^identity\.certificates: /],
  },
  {
    name: "an anchor that is not there",
    identity: { trustAnchors: ["/nowhere.pem"] },
    problems: [/trustAnchors\.0: .*ENOENT/],
  },
  {
    name: "an anchor of another curve",
    identity: { trustAnchors: [odd] },
    problems: [/1 certificates that are not P-256/],
  },
  { name: "an anchor file without one", identity: { trustAnchors: [key] }, problems: [/no certificate/] },
  {
    name: "a certificate that others would have to fetch in the clear",
    identity: { sign: { keyFile: key, x5u: "http://certs.example.org/a.pem" } },
    problems: [/^identity\.sign\.x5u: must begin with https/],
  },
  {
    name: "the same in a laboratory",
    identity: { certificates: { allowHttp: true }, sign: { keyFile: key, x5u: "http://certs.example.org/a.pem" } },
    problems: [],
  },
  {
    name: "a trunk signs without a key",
    identity: {},
    trunk: { sign: {} },
    problems: [/^trunks\.0\.identity\.sign: /],
  },
  {
    name: "a key that is none",
    identity: { sign: { keyFile: anchors, x5u } },
    problems: [/^identity\.sign\.keyFile is no P-256/],
  },
  {
    name: "a key that is not there",
    identity: { sign: { keyFile: "/nowhere", x5u } },
    problems: [/keyFile: .*ENOENT/],
  },
  {
    name: "a good key",
    identity: { sign: { keyFile: key, x5u } },
    trunk: { sign: { ownNumbers: ["+1202"] } },
    problems: [],
  },
];
for (const { name, identity, trunk, problems } of cases) {
  test(`config check: ${name}`, () => {
    const found = identityProblems(config(identity, trunk));
    assert.equal(found.length, problems.length, found.join("; "));
    for (const [i, pattern] of problems.entries()) assert.match(found[i] ?? "", pattern);
  });
}

test("strict data: certificates are fetched from allowed hosts only; our own x5u is no target", () => {
  const parse = (certificates: object): Config =>
    configSchema.parse({
      privacy: { strict: true },
      identity: { verify: true, trustAnchors: [anchors], certificates, sign: { keyFile: key, x5u } },
    });
  const any = parse({ anyPublicHost: true });
  assert.match(identityProblems(any).join(), /anyPublicHost: not with privacy\.strict/);
  const targets = (of: Config) => outwardTargets(of).filter(({ path }) => path.startsWith("identity"));
  assert.deepEqual(targets(any), []);
  assert.deepEqual(targets(parse({ hosts: ["certs.example.org"] })), [
    { path: "identity.certificates.hosts.0", host: "certs.example.org" },
  ]);
});

test("without a use for it there is no gate; a trunk's own word wins over the common one", () => {
  const bench = new B2buaBench();
  const deps = {
    calls: bench.b2bua,
    trunkOf: () => undefined,
    clock: bench.clock,
    metrics: noMetrics,
    log: silentLog,
    random: new RandomDouble(),
  };
  assert.equal(makeIdentity(config({}), deps), undefined);
  const side = makeIdentity(config({ verify: true, trustAnchors: [anchors] }), deps);
  assert.ok(side !== undefined);
  side.close();
  side.close();
  const { identity, trunks } = config({ verify: true }, { verify: false });
  assert.equal(trunkIdentity(identity, trunks[0]!.identity), undefined);
  const marked = config({}, { verstat: "pai" });
  assert.equal(trunkIdentity(marked.identity, marked.trunks[0]!.identity)?.verify, false);
});
