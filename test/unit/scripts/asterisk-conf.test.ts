import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { temporaryFolder } from "../../support/processes.js";

function run(args: readonly string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync("scripts/asterisk-conf", args, { encoding: "utf8" });
  return { code: status, said: stdout + stderr };
}

function folderOf(t: TestContext): string {
  const { path, remove } = temporaryFolder("conf");
  t.after(remove);
  return join(path, "etc");
}

const CARRIER = ["--set", "CARRIER_ADDRESS=sip.example.net"];
const TLS = ["TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"];

const REFUSED: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly says: readonly RegExp[];
}[] = [
  { name: "nothing asked", args: [], says: [/usage:/] },
  { name: "no folder", args: ["render"], says: [/--out DIR is missing/] },
  { name: "a word too many", args: ["render", "here"], says: [/here: what is this/] },
  { name: "an unknown option", args: ["render", "--ot", "x"], says: [/--ot/] },
  { name: "an unknown setting", args: ["--set", "CARIER=1"], says: [/CARIER: no such setting/] },
  {
    name: "a setting without a value",
    args: ["--set", "SIP_PORT"],
    says: [/SIP_PORT: NAME=VALUE is missing its value/],
  },
  { name: "an empty value", args: ["--set", "SIP_PORT="], says: [/SIP_PORT: 1-65535 is wanted/] },
  { name: "a port out of range", args: ["--set", "SIP_PORT=65536"], says: [/SIP_PORT: 1-65535 is wanted/] },
  { name: "no choice of ours", args: ["--set", "CARRIER_SRTP=dtls"], says: [/CARRIER_SRTP: no\|sdes is wanted/] },
  {
    name: "TLS without certificates",
    args: ["--set", "TLS=yes"],
    says: TLS.map((name) => new RegExp(`${name} is missing`)),
  },
  {
    name: "a TLS trunk without TLS",
    args: ["--set", "CARRIER_TRANSPORT=tls"],
    says: [/CARRIER_TRANSPORT=tls needs TLS=yes/],
  },
  {
    name: "an account without its password",
    args: ["--set", "CARRIER_USERNAME=u"],
    says: [/CARRIER_PASSWORD is missing: --secret/],
  },
  {
    name: "a secret file that is not there",
    args: ["--secret", "ARI_PASSWORD=/nowhere"],
    says: [/--secret ARI_PASSWORD: ENOENT/],
  },
  { name: "a short password", args: ["--set", "ARI_PASSWORD=short"], says: [/ARI_PASSWORD: 12-128/] },
  {
    name: "RTP ports the wrong way round",
    args: ["--set", "RTP_START=20000", "--set", "RTP_END=10000"],
    says: [/RTP_START is not below RTP_END/],
  },
  {
    name: "a telephone with a trunk's name",
    args: ["--set", "AGENTS=carrier"],
    says: [/AGENTS: carrier is the name of a trunk/],
  },
  { name: "no telephone", args: ["--set", "AGENTS="], says: [/AGENTS: Words/] },
  {
    name: "gateway and carrier at one address",
    args: ["--set", "GATEWAY_TRUNK=yes", "--set", "CARRIER_MATCH=127.0.0.1"],
    says: [/GATEWAY_ADDRESS is in CARRIER_MATCH/],
  },
  {
    name: "the gateway inside the carrier's network",
    args: [
      ...["--set", "GATEWAY_TRUNK=yes", "--set", "CARRIER_MATCH=sip.example.net,192.0.2.0/24"],
      ...["--set", "GATEWAY_ADDRESS=192.0.2.10"],
    ],
    says: [/GATEWAY_ADDRESS is in CARRIER_MATCH/],
  },
  {
    name: "the same in IPv6, spelt otherwise",
    args: [
      ...["--set", "GATEWAY_TRUNK=yes", "--set", "CARRIER_MATCH=2001:db8::/64"],
      ...["--set", "GATEWAY_ADDRESS=2001:DB8:0:0::10"],
    ],
    says: [/GATEWAY_ADDRESS is in CARRIER_MATCH/],
  },
  { name: "a host name to bind to", args: ["--set", "SIP_ADDRESS=pbx.example.net"], says: [/SIP_ADDRESS: An IP/] },
  { name: "an address in brackets", args: ["--set", "SIP_ADDRESS=[::1]"], says: [/SIP_ADDRESS: An IP/] },
  ...["1.2.3.4\n[admin]", "1.2.3.4;x", "host => x", "a]b", "@ARI_PASSWORD@"].map((value) => ({
    name: `configuration inside a value: ${JSON.stringify(value)}`,
    args: ["--set", `CARRIER_MATCH=${value}`],
    says: [/CARRIER_MATCH: Addresses/],
  })),
];

for (const { name, args, says } of REFUSED) {
  test(`asterisk-conf refuses: ${name}`, (t) => {
    const out = folderOf(t);
    const whole = args[0]?.startsWith("--") === true ? ["render", "--out", out, ...CARRIER, ...args] : args;
    const { code, said } = run(whole);
    assert.equal(code, 2, said);
    for (const line of says) assert.match(said, line);
    assert.equal(existsSync(out), false);
  });
}

// Made recursively by Node, a folder that can neither be made nor is there keeps it busy for ever.
test("asterisk-conf: a folder that cannot be made is named", { skip: !existsSync("/proc/self") }, () => {
  const args = ["render", "--out", "/proc/x", ...CARRIER];
  const { status, stderr } = spawnSync("scripts/asterisk-conf", args, { encoding: "utf8", timeout: 20_000 });
  assert.equal(status, 2);
  assert.match(stderr, /--out: \/proc\/x cannot be made: ENOENT/);
});

for (const script of ["asterisk-conf", "asterisk-up", "demo"])
  for (const option of ["--help", "-h"])
    test(`scripts/${script} ${option} prints its usage`, () => {
      const { status, stdout, stderr } = spawnSync(`scripts/${script}`, [option], { encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`${script} `));
    });

test("asterisk-conf says what is missing, all of it at once, and repeats no value", (t) => {
  const { code, said } = run(["render", "--out", folderOf(t), "--set", "TLS=yes", "--set", "ARI_PASSWORD=sec ret"]);
  assert.equal(code, 2);
  for (const name of [...TLS, "CARRIER_ADDRESS", "ARI_PASSWORD"]) assert.match(said, new RegExp(name));
  assert.doesNotMatch(said, /sec ret/);
});

test("asterisk-conf: passwords are generated, in files of mode 0600 and nowhere else, and stay what they are", (t) => {
  const out = folderOf(t);
  assert.equal(run(["render", "--out", out, ...CARRIER]).code, 0);
  const secret = readFileSync(join(out, "secrets/ARI_PASSWORD"), "utf8").trim();
  assert.match(secret, /^[\w-]{32}$/);
  assert.equal(statSync(join(out, "secrets")).mode & 0o777, 0o700);
  for (const name of readdirSync(join(out, "secrets")))
    assert.equal(statSync(join(out, "secrets", name)).mode & 0o777, 0o600, name);
  for (const name of readdirSync(out).filter((entry) => entry !== "secrets"))
    assert.ok(!readFileSync(join(out, name), "utf8").includes(secret), name);
  assert.match(readFileSync(join(out, "secrets/ari.conf"), "utf8"), new RegExp(`password = ${secret}`));
  assert.equal(run(["render", "--out", out, ...CARRIER, "--set", "LISTEN=ari"]).code, 0);
  assert.equal(readFileSync(join(out, "secrets/ARI_PASSWORD"), "utf8").trim(), secret);
  assert.match(readFileSync(join(out, "extensions.conf"), "utf8"), /Gosub\(ringfence-listen,s,1\)/);
});

test("asterisk-conf: IPv6 addresses stand in brackets before a port and in a URI, and bare where there is none", (t) => {
  const out = folderOf(t);
  const sets = [
    ...["SIP_ADDRESS=2001:db8::20", "CARRIER_ADDRESS=2001:db8::7", "CARRIER_USERNAME=u", "GATEWAY_TRUNK=yes"],
    ...["GATEWAY_ADDRESS=2001:db8::8", "CARRIER_PASSWORD=password-of-the-carrier"],
  ].flatMap((pair) => ["--set", pair]);
  const { code, said } = run(["render", "--out", out, ...sets]);
  assert.equal(code, 0, said);
  const pjsip = readFileSync(join(out, "pjsip.conf"), "utf8");
  for (const line of [
    "bind = [2001:db8::20]:5060",
    "contact = sip:[2001:db8::7]:5060;transport=udp",
    "server_uri = sip:[2001:db8::7]:5060\\;transport=udp",
    "client_uri = sip:u@[2001:db8::7]:5060",
    "match = 2001:db8::7",
    "contact = sip:[2001:db8::8]:5080;transport=udp",
    "match = 2001:db8::8",
  ])
    assert.ok(pjsip.split("\n").includes(line), line);
});

test("asterisk-conf: the password of a telephone that is gone goes, but not a file that somebody changed", (t) => {
  const out = folderOf(t);
  const secrets = (): string[] =>
    readdirSync(join(out, "secrets")).filter((name) => name.startsWith("AGENT_PASSWORD_"));
  assert.equal(run(["render", "--out", out, ...CARRIER, "--set", "AGENTS=a,b,c"]).code, 0);
  writeFileSync(join(out, "secrets/AGENT_PASSWORD_c"), "written-by-somebody\n");
  const { code, said } = run(["render", "--out", out, ...CARRIER, "--set", "AGENTS=a"]);
  assert.equal(code, 0, said);
  assert.match(said, /removed: .*AGENT_PASSWORD_b/);
  assert.deepEqual(secrets(), ["AGENT_PASSWORD_a", "AGENT_PASSWORD_c"]);
  assert.equal(run(["render", "--out", out, ...CARRIER, "--set", "AGENTS=a"]).code, 0);
});

test("asterisk-conf overwrites nothing that it did not write, nor what was changed since, but with --force", (t) => {
  const out = folderOf(t);
  assert.equal(run(["render", "--out", out, ...CARRIER]).code, 0);
  const before = readFileSync(join(out, "rtp.conf"), "utf8");
  appendFileSync(join(out, "pjsip.conf"), "; ours\n");
  const again = run(["render", "--out", out, ...CARRIER, "--set", "RTP_END=11000"]);
  assert.equal(again.code, 2);
  assert.match(again.said, /pjsip\.conf/);
  assert.equal(readFileSync(join(out, "rtp.conf"), "utf8"), before, "nothing at all is written");
  writeFileSync(join(out, ".asterisk-conf.json"), "{}");
  assert.match(run(["render", "--out", out, ...CARRIER]).said, /rtp\.conf[^]*--force/);
  assert.equal(run(["render", "--out", out, ...CARRIER, "--force"]).code, 0);
  assert.doesNotMatch(readFileSync(join(out, "pjsip.conf"), "utf8"), /; ours/);
});

test("asterisk-conf: no placeholder or directive is left in what it writes, whatever is switched on", (t) => {
  const out = folderOf(t);
  const sets = [
    ...[
      "TLS=yes",
      "CARRIER_TRANSPORT=tls",
      "CARRIER_SRTP=sdes",
      "GATEWAY_TRUNK=yes",
      "AGENT_SRTP=sdes",
      "AGENTS=a,b,c",
    ],
    ...[
      "STIR_SHAKEN=both",
      "STIR_PERMIT=10.0.0.0/8",
      "LISTEN=audiosocket",
      "VERBOSE=yes",
      "EXTERNAL_ADDRESS=192.0.2.1",
    ],
    ...["CARRIER_USERNAME=u", "CARRIER_PASSWORD=password-of-the-carrier", "STIR_CERT_URL=https://example.net/c.pem"],
    ...[...TLS, "STIR_CA_FILE", "STIR_KEY_FILE"].map((name) => `${name}=/etc/ssl/${name}.pem`),
  ].flatMap((pair) => ["--set", pair]);
  const { code, said } = run(["render", "--out", out, ...CARRIER, ...sets]);
  assert.equal(code, 0, said);
  for (const name of readdirSync(out, { recursive: true, encoding: "utf8" }).filter((entry) => entry.endsWith(".conf")))
    assert.doesNotMatch(readFileSync(join(out, name), "utf8"), /@[A-Z][A-Z_]+@|^\s*;@/m, name);
  for (const agent of ["a", "b", "c"])
    assert.match(readFileSync(join(out, "secrets/pjsip.conf"), "utf8"), new RegExp(`\\[${agent}\\]\ntype = auth`));
});

test("asterisk-conf lists every setting with its default and what it is", () => {
  const { code, said } = run(["settings"]);
  assert.equal(code, 0);
  const declared = JSON.parse(readFileSync("asterisk-conf/settings.json", "utf8")) as { name: string; what: string }[];
  for (const { name, what } of declared) {
    assert.match(said, new RegExp(`^${name}`, "m"));
    assert.ok(said.includes(what), name);
  }
});
