import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { OidcOptions } from "../../../gateway/adapters/oidc/oidc-options.js";
import { OidcVerifier } from "../../../gateway/adapters/oidc/oidc-verifier.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { FakeClock } from "../../support/fake-clock.js";
import { OidcIssuer, type TokenShape } from "../../support/oidc-issuer.js";

const MINUTE = 60_000;

async function scene(context: TestContext, options: Partial<OidcOptions> = {}, algorithm = "ES256") {
  const issuer = await OidcIssuer.start(algorithm);
  context.after(() => issuer.close());
  const clock = new FakeClock();
  const verifier = new OidcVerifier(
    {
      issuer: issuer.url,
      audiences: ["ringfence"],
      algorithms: ["RS256", "ES256", "EdDSA"],
      clockSkewMs: 30_000,
      maxTokenAgeMs: 24 * 60 * MINUTE,
      keysMaxAgeMs: 10 * MINUTE,
      keysStaleMs: 60 * MINUTE,
      refetchMs: 30_000,
      timeoutMs: 30_000,
      ...options,
    },
    { clock, log: silentLog, metrics: noMetrics },
  );
  const sign = (shape: Omit<TokenShape, "nowMs"> = {}): Promise<string> =>
    issuer.sign({ nowMs: clock.unix(), ...shape });
  const outcome = async (token: string): Promise<string> => {
    const verdict = await verifier.verify(token);
    return verdict.ok ? verdict.value.subject : verdict.error;
  };
  return {
    issuer,
    clock,
    verifier,
    sign,
    outcome,
    judge: async (shape?: Omit<TokenShape, "nowMs">) => outcome(await sign(shape)),
  };
}

for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
  test(`a token signed with ${algorithm} is taken, its keys found by discovery`, async (context) => {
    const { issuer, judge } = await scene(context, {}, algorithm);
    assert.equal(await judge(), "user-1");
    assert.equal(await judge(), "user-1");
    assert.deepEqual(issuer.asked, ["/realms/voice/.well-known/openid-configuration", "/realms/voice/certs"]);
  });
}

const SECONDS = (offset: number): number => 1_700_000_000 + offset;
const CLAIMS: readonly (readonly [name: string, shape: Omit<TokenShape, "nowMs">, outcome: string])[] = [
  ["expired beyond the skew", { claims: { exp: SECONDS(-31) } }, "expired"],
  ["expired within the skew", { claims: { exp: SECONDS(-29) } }, "user-1"],
  ["not in force for longer than the skew", { claims: { nbf: SECONDS(31) } }, "not-yet"],
  ["in force within the skew", { claims: { nbf: SECONDS(29) } }, "user-1"],
  ["issued too long ago, whatever exp says", { claims: { iat: SECONDS(-86_431), exp: SECONDS(9e8) } }, "too-old"],
  ["without exp", { claims: { exp: undefined } }, "claims"],
  ["without iat", { claims: { iat: undefined } }, "claims"],
  ["without sub", { claims: { sub: undefined } }, "claims"],
  ["with an empty sub", { claims: { sub: "" } }, "claims"],
  ["with a sub that is too long", { claims: { sub: "x".repeat(256) } }, "claims"],
  ["exp is text", { claims: { exp: "tomorrow" } }, "claims"],
  ["of another issuer", { claims: { iss: "https://other.example" } }, "issuer"],
  ["for another service", { claims: { aud: "billing" } }, "audience"],
  ["for nobody", { claims: { aud: undefined } }, "audience"],
  ["for several, us among them", { claims: { aud: ["billing", "ringfence"] } }, "user-1"],
  ["a logout token", { header: { typ: "logout+jwt" } }, "type"],
  ["typ JWT", { header: { typ: "JWT" } }, "user-1"],
  ["a header that must be understood and is not", { header: { crit: ["other"], other: 1 } }, "malformed"],
];
for (const [name, shape, expected] of CLAIMS) {
  test(`a token ${name}: ${expected}`, async (context) => {
    const { judge, sign, outcome } = await scene(context);
    if (shape.header?.["crit"] !== undefined) {
      // No library signs that: the header is exchanged, and what remains is refused at the header, before the signature.
      const [, ...rest] = (await sign()).split(".");
      const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: "key-1", ...shape.header })).toString("base64url");
      assert.equal(await outcome([header, ...rest].join(".")), expected);
    } else assert.equal(await judge(shape), expected);
  });
}

test("what nobody signed, or somebody else did, is not taken", async (context) => {
  const { issuer, clock, sign, outcome } = await scene(context);
  const nowMs = clock.unix();
  const good = await sign();
  assert.equal(await outcome(issuer.unsigned(nowMs)), "algorithm");
  const secret = Buffer.from(issuer.publicText);
  const confused = await new SignJWT(issuer.claims(nowMs, {}))
    .setProtectedHeader({ alg: "HS256", kid: "key-1" })
    .sign(secret);
  assert.equal(await outcome(confused), "algorithm");
  const { privateKey } = await generateKeyPair("ES256");
  const forged = new SignJWT(issuer.claims(nowMs, {})).setProtectedHeader({ alg: "ES256", kid: "key-1" });
  assert.equal(await outcome(await forged.sign(privateKey)), "signature");
  const [header, , signature] = good.split(".");
  const raised = Buffer.from(JSON.stringify(issuer.claims(nowMs, { roles: ["admin"] }))).toString("base64url");
  assert.equal(await outcome([header, raised, signature].join(".")), "signature");
  for (const text of [
    "",
    "a.b.c",
    "eyJ.eyJ.x",
    `${good}.x`,
    good.slice(0, -4),
    "x".repeat(9_000),
    `${good}${"A".repeat(9_000)}`,
  ]) {
    const verdict = await outcome(text);
    assert.ok(["malformed", "signature"].includes(verdict), `${text.slice(0, 20)}…: ${verdict}`);
  }
});

test("a secret or a private key that the issuer publishes is no key", async (context) => {
  const { issuer, clock, outcome, judge } = await scene(context, { algorithms: ["ES256"] });
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  issuer.extraKeys = [
    { ...(await exportJWK(privateKey)), kid: "leaked", use: "sig" },
    { kty: "oct", k: "c2VjcmV0", kid: "s" },
  ];
  const token = await new SignJWT(issuer.claims(clock.unix(), {}))
    .setProtectedHeader({ alg: "ES256", kid: "leaked" })
    .sign(privateKey);
  assert.equal(await outcome(token), "unknown-key");
  clock.advance(30_000);
  assert.equal(await judge(), "user-1");
});

test("a rotation is noticed at the first token of the new key; the old key ends with the set it was in", async (context) => {
  const { issuer, clock, judge, sign } = await scene(context);
  assert.equal(await judge(), "user-1");
  clock.advance(30_000);
  await issuer.rotate("RS256");
  const asked = issuer.asked.length;
  assert.equal(await judge(), "user-1");
  assert.equal(issuer.asked.length, asked + 2, "fetched once more");
  assert.equal(await judge({ key: 0 }), "unknown-key");
  await sign();
});

test("a rotation a moment after the keys were fetched is noticed at its first token; the next one has to wait", async (context) => {
  const { issuer, clock, judge } = await scene(context);
  assert.equal(await judge(), "user-1");
  clock.advance(1_000);
  await issuer.rotate();
  assert.equal(await judge(), "user-1");
  clock.advance(29_000);
  await issuer.rotate();
  const asked = issuer.asked.length;
  assert.equal(await judge(), "unknown-key");
  assert.equal(issuer.asked.length, asked, "30 s between two looks for unknown keys");
  clock.advance(1_000);
  assert.equal(await judge(), "user-1");
});

test("a token of a new key that comes while older keys are on their way is not refused for it", async (context) => {
  const { issuer, clock, judge, sign, outcome } = await scene(context);
  assert.equal(await judge(), "user-1");
  clock.advance(11 * MINUTE);
  let release = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    issuer.fault = (path, response) => {
      if (!path.endsWith("/certs")) return false;
      const keys = JSON.stringify({ keys: issuer.publishedKeys });
      release = () => void response.end(keys);
      issuer.fault = undefined;
      resolve();
      return true;
    };
  });
  // Old keys are good: nobody waits, and the renewal is under way.
  assert.equal(await judge(), "user-1");
  await reached;
  await issuer.rotate();
  const verdict = outcome(await sign());
  release();
  assert.equal(await verdict, "user-1");
});

test("tokens that arrive together at a rotation wait for one fetch", async (context) => {
  const { issuer, clock, judge } = await scene(context);
  assert.equal(await judge(), "user-1");
  clock.advance(30_000);
  await issuer.rotate();
  const asked = issuer.asked.length;
  assert.deepEqual(await Promise.all([judge(), judge(), judge(), judge()]), Array(4).fill("user-1"));
  assert.equal(issuer.asked.length, asked + 2);
});

test("a thousand tokens with invented keys cost the issuer one fetch", async (context) => {
  const { issuer, clock, judge } = await scene(context);
  assert.equal(await judge(), "user-1");
  clock.advance(30_000);
  const asked = issuer.asked.length;
  for (let i = 0; i < 1_000; i++) assert.equal(await judge({ header: { kid: `invented-${i}` } }), "unknown-key");
  assert.equal(issuer.asked.length, asked + 2);
});

test("an outage: held keys go on for an hour, then nothing is taken; it ends with the first answer", async (context) => {
  const { issuer, clock, verifier, judge } = await scene(context);
  assert.equal(await judge(), "user-1");
  issuer.fault = (_path, response) => {
    response.writeHead(500).end();
    return true;
  };
  clock.advance(59 * MINUTE);
  assert.equal(await judge(), "user-1", "not stale yet");
  clock.advance(2 * MINUTE);
  assert.equal(await judge(), "unavailable");
  // The first may have waited for the renewal that was under way; after the second none is.
  assert.equal(await judge(), "unavailable");
  assert.equal(verifier.healthy, false);
  const asked = issuer.asked.length;
  for (let i = 0; i < 50; i++) assert.equal(await judge(), "unavailable");
  assert.equal(issuer.asked.length, asked, "no more than one fetch every 30 s");
  issuer.fault = undefined;
  clock.advance(30_000);
  assert.equal(await judge(), "user-1");
  assert.equal(verifier.healthy, true);
});

const FAULTS: readonly (readonly [name: string, arrange: (issuer: OidcIssuer) => void])[] = [
  ["does not answer", (issuer) => (issuer.fault = () => true)],
  ["answers 404", (issuer) => (issuer.fault = (_path, response) => (response.writeHead(404).end("{}"), true))],
  ["answers HTML", (issuer) => (issuer.fault = (_path, response) => (response.end("<html>"), true))],
  [
    "answers without an end",
    (issuer) => (issuer.fault = (_path, response) => (response.end(`{"a":"${"x".repeat(300_000)}"}`), true)),
  ],
  [
    "redirects",
    (issuer) =>
      (issuer.fault = (path, response) => {
        if (path.endsWith("/certs")) return false;
        response.writeHead(302, { location: `${issuer.url}/certs` }).end();
        return true;
      }),
  ],
  ["speaks for another issuer", (issuer) => (issuer.discovery = { issuer: "https://other.example" })],
  ["has its keys elsewhere", (issuer) => (issuer.discovery = { jwks_uri: "http://127.0.0.1:9/certs" })],
  ["names no keys", (issuer) => (issuer.discovery = { jwks_uri: 7 })],
  ["has a thousand keys", (issuer) => (issuer.extraKeys = Array.from({ length: 1_000 }, () => ({ kty: "EC" })))],
];
for (const [name, arrange] of FAULTS) {
  test(`an issuer that ${name}: no token is taken`, async (context) => {
    const { issuer, judge } = await scene(context, { timeoutMs: 300 });
    arrange(issuer);
    assert.equal(await judge(), "unavailable");
  });
}

test("with jwksUrl nothing is discovered", async (context) => {
  const first = await scene(context);
  const { issuer } = first;
  const verifier = new OidcVerifier(
    {
      ...{ issuer: issuer.url, audiences: ["ringfence"], algorithms: ["ES256"], jwksUrl: `${issuer.url}/certs` },
      ...{
        clockSkewMs: 0,
        maxTokenAgeMs: 0,
        keysMaxAgeMs: MINUTE,
        keysStaleMs: MINUTE,
        refetchMs: 1_000,
        timeoutMs: 30_000,
      },
    },
    { clock: first.clock, log: silentLog, metrics: noMetrics },
  );
  assert.equal((await verifier.verify(await first.sign())).ok, true);
  assert.deepEqual(issuer.asked, ["/realms/voice/certs"]);
});
