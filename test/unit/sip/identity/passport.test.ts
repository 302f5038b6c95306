import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { compactInput, divInput, shakenInput } from "../../../../gateway/sip/identity/build-passport.js";
import { canonicalJson } from "../../../../gateway/sip/identity/canonical-json.js";
import { parseIdentity } from "../../../../gateway/sip/identity/identity-header.js";
import { plainUri, readPassport, sameParty } from "../../../../gateway/sip/identity/passport.js";
import { tnOf } from "../../../../gateway/sip/identity/telephone-number.js";
import { NodeIdentityCrypto } from "../../../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import { divToken, shakenToken, signedToken, spkiOf, X5U } from "../../../support/shaken.js";

const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });

/** RFC 8225 Appendix A. */
const RFC_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFeZ1R208QCvcu5GuYyMfG4W7sH4m99/7eHSDLpdYllFoAoGCCqGSM49
AwEHoUQDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH78YTU8qLS8I5HLHSSmlATLcs
lQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==
-----END EC PRIVATE KEY-----
`;
const RFC_TOKEN =
  "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9." +
  "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19." +
  "VLBCIVDCaeK6M4hLJb6SHQvacAQVvoiiEOWQ_iUkqk79UD81fHQ0E1b3_GluIkba7UWYRM47ZbNFdOJquE35cw";

test("the example of RFC 8225 Appendix A is read and rebuilt byte for byte", () => {
  const read = readPassport(RFC_TOKEN);
  assert.ok(read.ok);
  const { orig, dest, iat, x5u, ppt } = read.value;
  assert.deepEqual(orig, { kind: "tn", tn: "12155551212" });
  assert.deepEqual(dest, [{ kind: "uri", uri: "sip:alice@example.com" }]);
  assert.deepEqual([iat, x5u, ppt], [1_471_375_418, "https://cert.example.org/passport.cer", undefined]);
  assert.equal(compactInput({ x5u, iat, orig, dest }), RFC_TOKEN.slice(0, RFC_TOKEN.lastIndexOf(".")));
});

test("ES256 with the key of RFC 8225 Appendix A: the signature that its drafts show, and our own", async () => {
  const [header = ""] = RFC_TOKEN.split(".");
  // The drafts had iat as text; their signature is the one that belongs to the key.
  const payload = '{"dest":{"uri":["sip:alice@example.com"]},"iat":"1443208345","orig":{"tn":"12155551212"}}';
  const input = Buffer.from(`${header}.${Buffer.from(payload).toString("base64url")}`);
  const signature = Buffer.from(
    "rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w",
    "base64url",
  );
  const crypto = new NodeIdentityCrypto(RFC_KEY);
  const spki = spkiOf(createPrivateKey(RFC_KEY));
  assert.equal(await crypto.verifyEs256(spki, input, signature), true);
  assert.equal(await crypto.verifyEs256(spki, Buffer.concat([input, Buffer.from("x")]), signature), false);
  assert.equal(await crypto.verifyEs256(spki, input, await crypto.signEs256(input)), true);
  assert.equal(await crypto.verifyEs256(Buffer.from("no key"), input, signature), false);
});

test("what is signed is canonical: keys in order, no whitespace (RFC 8225 §9, RFC 8588 §5)", () => {
  const claims = {
    x5u: X5U,
    iat: 1_443_208_345,
    orig: { kind: "tn", tn: "12155550121" },
    dest: [{ kind: "tn", tn: "12125551213" }],
  } as const;
  const parts = (input: string): string[] => input.split(".").map((part) => Buffer.from(part, "base64url").toString());
  assert.deepEqual(parts(shakenInput({ ...claims, attest: "A", origid: "123e4567-e89b-12d3-a456-426655440000" })), [
    `{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"${X5U}"}`,
    '{"attest":"A","dest":{"tn":["12125551213"]},"iat":1443208345,"orig":{"tn":"12155550121"},"origid":"123e4567-e89b-12d3-a456-426655440000"}',
  ]);
  assert.deepEqual(parts(divInput({ ...claims, div: { kind: "tn", tn: "12155550121" } })), [
    `{"alg":"ES256","ppt":"div","typ":"passport","x5u":"${X5U}"}`,
    '{"dest":{"tn":["12125551213"]},"div":{"tn":"12155550121"},"iat":1443208345,"orig":{"tn":"12155550121"}}',
  ]);
  assert.equal(canonicalJson({ b: [1, { d: "é", c: null }], a: true }), '{"a":true,"b":[1,{"c":null,"d":"é"}]}');
});

const refusedTokens: readonly { name: string; token: string; code: string }[] = [
  { name: "two parts", token: "eyJ9.eyJ9", code: "passport.malformed" },
  { name: "no JSON", token: `e30.${Buffer.from("{").toString("base64url")}.AAAA`, code: "passport.malformed" },
  { name: "an array", token: signedToken(key, [], {}), code: "passport.malformed" },
  { name: "alg none", token: shakenToken(key, 1, { header: { alg: "none" } }), code: "passport.algorithm" },
  { name: "alg HS256", token: shakenToken(key, 1, { header: { alg: "HS256" } }), code: "passport.algorithm" },
  { name: "a short signature", token: shakenToken(key, 1).slice(0, -4), code: "passport.algorithm" },
  { name: "another typ", token: shakenToken(key, 1, { header: { typ: "JWT" } }), code: "passport.claims" },
  { name: "no x5u", token: shakenToken(key, 1, { header: { x5u: undefined } }), code: "passport.claims" },
  { name: "crit", token: shakenToken(key, 1, { header: { crit: ["x"] } }), code: "passport.claims" },
  { name: "iat as text", token: shakenToken(key, 1, { payload: { iat: "1443208345" } }), code: "passport.claims" },
  { name: "iat beyond dates", token: shakenToken(key, 1, { payload: { iat: 1e15 } }), code: "passport.claims" },
  { name: "no orig", token: shakenToken(key, 1, { payload: { orig: undefined } }), code: "passport.claims" },
  {
    name: "two origs",
    token: shakenToken(key, 1, { payload: { orig: { tn: "1", uri: "sip:a@b" } } }),
    code: "passport.claims",
  },
  { name: "orig as text", token: shakenToken(key, 1, { payload: { orig: '{"tn":"1"}' } }), code: "passport.claims" },
  {
    name: "orig no number",
    token: shakenToken(key, 1, { payload: { orig: { tn: "alice" } } }),
    code: "passport.claims",
  },
  { name: "dest empty", token: shakenToken(key, 1, { payload: { dest: { tn: [] } } }), code: "passport.claims" },
  {
    name: "17 dests",
    token: shakenToken(key, 1, { payload: { dest: { tn: new Array(17).fill("1") } } }),
    code: "passport.claims",
  },
  { name: "attest D", token: shakenToken(key, 1, { payload: { attest: "D" } }), code: "passport.claims" },
  { name: "no origid", token: shakenToken(key, 1, { payload: { origid: undefined } }), code: "passport.claims" },
  {
    name: "long origid",
    token: shakenToken(key, 1, { payload: { origid: "a".repeat(129) } }),
    code: "passport.claims",
  },
  {
    name: "shaken for a URI",
    token: shakenToken(key, 1, { payload: { orig: { uri: "sip:a@b" } } }),
    code: "passport.claims",
  },
  {
    name: "div without div",
    token: divToken(key, 1, "1", "2", { payload: { div: undefined } }),
    code: "passport.claims",
  },
  {
    name: "div-o without opt",
    token: divToken(key, 1, "1", "2", { header: { ppt: "div-o" } }),
    code: "passport.claims",
  },
];
for (const { name, token, code } of refusedTokens) {
  test(`PASSporT with ${name}: ${code}`, () => {
    const read = readPassport(token);
    assert.equal(read.ok ? "read" : read.error.code, code);
  });
}

test("claims in another order, a + before numbers and a bare destination are read", () => {
  const read = readPassport(
    signedToken(
      key,
      { x5u: X5U, typ: "passport", ppt: "SHAKEN", alg: "ES256" },
      {
        origid: "o",
        orig: { tn: "+1 (202) 555-0101" },
        iat: 5,
        dest: { tn: "+12025550199", uri: ["sip:x@y"] },
        attest: "C",
      },
    ),
  );
  assert.ok(read.ok);
  assert.deepEqual(read.value.orig, { kind: "tn", tn: "12025550101" });
  assert.deepEqual(read.value.dest, [
    { kind: "tn", tn: "12025550199" },
    { kind: "uri", uri: "sip:x@y" },
  ]);
  assert.deepEqual([read.value.attest, read.value.ppt], ["C", "shaken"]);
});

test("a prototype in the JSON is no claim", () => {
  const payload = Buffer.from('{"__proto__":{"orig":{"tn":"1"},"dest":{"tn":["1"]},"iat":1}}').toString("base64url");
  const [header = "", , signature = ""] = shakenToken(key, 1).split(".");
  const read = readPassport(`${header}.${payload}.${signature}`);
  assert.equal(read.ok, false);
});

const headers: readonly {
  name: string;
  value: string;
  token?: string;
  rest?: readonly (string | boolean | undefined)[];
}[] = [
  {
    name: "full form",
    value: "a.b.c;info=<https://x.example/c.pem>;alg=ES256;ppt=shaken",
    token: "a.b.c",
    rest: [false, "https://x.example/c.pem", "ES256", "shaken"],
  },
  {
    name: "quoted ppt, blanks",
    value: 'a.b.c ; info=<https://x.example/c> ; ppt="DIV"',
    token: "a.b.c",
    rest: [false, "https://x.example/c", "ES256", "div"],
  },
  {
    name: "compact form",
    value: "..sig-_;info=<https://x.example/c>",
    token: "..sig-_",
    rest: [true, "https://x.example/c", "ES256", undefined],
  },
  { name: "no info", value: "a.b.c;alg=ES256" },
  { name: "info without brackets", value: "a.b.c;info=https://x.example" },
  { name: "info empty", value: "a.b.c;info=<>" },
  { name: "no parameters", value: "a.b.c" },
  { name: "two parts", value: "a.b;info=<https://x>" },
  { name: "four parts", value: "a.b.c.d;info=<https://x>" },
  { name: "half compact", value: ".b.c;info=<https://x>" },
  { name: "too long", value: `a.b.${"c".repeat(16_000)};info=<https://x>` },
  { name: "an RFC 4474 signature", value: '"sYl5L+B9/q="' },
];
for (const { name, value, token, rest } of headers) {
  test(`Identity header: ${name}`, () => {
    const read = parseIdentity(value);
    if (token === undefined) assert.equal(read.ok, false);
    else {
      assert.ok(read.ok);
      const { compact, info, alg, ppt } = read.value;
      assert.deepEqual([read.value.token, compact, info, alg, ppt], [token, ...(rest ?? [])]);
    }
  });
}

test("numbers and URIs are compared in canonical form", () => {
  assert.deepEqual(["+1-202-555-0101", "+12025550101;rn=1", "*67", "911", "alice", "", "1".repeat(33), "+"].map(tnOf), [
    "12025550101",
    "12025550101",
    "*67",
    "911",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(plainUri("SIP:Alice@EXAMPLE.com;user=phone?x=y"), "sip:Alice@example.com");
  assert.equal(plainUri("URN:service:SOS"), "urn:service:sos");
  assert.equal(sameParty({ kind: "uri", uri: "sip:a@B" }, { kind: "uri", uri: "sip:a@b;x" }), true);
  assert.equal(sameParty({ kind: "tn", tn: "1" }, { kind: "uri", uri: "1" }), false);
});
