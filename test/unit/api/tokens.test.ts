import assert from "node:assert/strict";
import { test } from "node:test";
import { grantOf, subjectId, valuesAt } from "../../../gateway/api/access/token-grants.js";
import type { TokenGrant } from "../../../gateway/api/api-options.js";
import { fail, ok } from "../../../gateway/core/result.js";
import type { TokenRefusal, TokenVerifier } from "../../../gateway/ports/token-verifier.js";
import { apiHarness, sha256Hex } from "../../support/api-harness.js";

const GRANTS: readonly TokenGrant[] = [
  { claim: "realm_access.roles", value: "fraud-admin", role: "admin" },
  { claim: "realm_access.roles", value: "fraud-desk", role: "analyst" },
  { claim: "https://corp.example/groups", value: "voice", role: "viewer" },
  { claim: "scope", value: "report-calls", role: "switch" },
];

const CLAIMS: readonly (readonly [name: string, claims: Record<string, unknown>, role: string | undefined])[] = [
  ["a role in a list below another claim", { realm_access: { roles: ["other", "fraud-desk"] } }, "analyst"],
  ["two of them: the first in the settings", { realm_access: { roles: ["fraud-desk", "fraud-admin"] } }, "admin"],
  ["a claim that is a URL", { "https://corp.example/groups": ["voice"] }, "viewer"],
  ["a word of scope", { scope: "openid report-calls" }, "switch"],
  ["half a word of scope", { scope: "report-calls-not" }, undefined],
  ["another value", { realm_access: { roles: ["Fraud-Admin"] } }, undefined],
  ["the claim at another place", { roles: ["fraud-admin"] }, undefined],
  ["no list", { realm_access: { roles: { "fraud-admin": true } } }, undefined],
  ["a list of lists", { realm_access: { roles: [["fraud-admin"]] } }, undefined],
  ["what every object has", { realm_access: "constructor" }, undefined],
  ["nothing", {}, undefined],
];
for (const [name, claims, role] of CLAIMS) {
  test(`grants: ${name} gives ${role ?? "nothing"}`, () => {
    assert.equal(grantOf({ subject: "u", claims }, GRANTS)?.role, role);
  });
}

test("a claim is read no further than its first thousand values, and not through a prototype", () => {
  assert.equal(valuesAt({ roles: Array(5_000).fill("x") }, "roles").length, 1_000);
  assert.deepEqual(valuesAt({}, "constructor.name"), []);
  assert.deepEqual(valuesAt({ a: [] }, "a.length"), []);
});

test("a subject's name in the audit log is no API key's, and never another subject's", () => {
  assert.equal(subjectId("7f3c@corp.example", sha256Hex), "oidc:7f3c@corp.example");
  const long = [subjectId("x".repeat(200), sha256Hex), subjectId("x".repeat(201), sha256Hex)];
  assert.notEqual(long[0], long[1]);
  assert.match(subjectId("two\nlines", sha256Hex), /^oidc:sha256:[0-9a-f]{32}$/);
});

/** Tokens whose middle part is the claims; `refuse` names what is wrong with one. */
const readable: TokenVerifier = {
  verify: (token) => {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
      string,
      unknown
    >;
    const { refuse } = claims;
    return Promise.resolve(
      typeof refuse === "string" ? fail(refuse as TokenRefusal) : ok({ subject: String(claims["sub"]), claims }),
    );
  },
};
const token = (claims: Record<string, unknown>): string =>
  ["eyJhbGciOiJFUzI1NiJ9", Buffer.from(JSON.stringify(claims)).toString("base64url"), "c2ln"].join(".");
const bearer = (claims: Record<string, unknown>) => ({ headers: { authorization: `Bearer ${token(claims)}` } });
const DESK = { sub: "maria", realm_access: { roles: ["fraud-desk"] } };

test("a token does what its role may, under its subject's name; API keys go on beside it", async () => {
  const { ask, audit } = await apiHarness({ grants: GRANTS }, { tokens: readable });
  assert.equal((await ask("GET", "/api/v1/cdrs", bearer(DESK))).statusCode, 200);
  assert.equal((await ask("GET", "/api/v1/cdrs", { as: "viewer" })).statusCode, 200);
  const refused = await ask("POST", "/api/v1/reload", bearer(DESK));
  assert.equal(refused.statusCode, 403);
  assert.equal(refused.json<{ error: { code: string } }>().error.code, "auth.forbidden");
  const added = await ask("POST", "/api/v1/blocks", {
    ...bearer(DESK),
    body: { b_number: "+12025550199", trunk: "t1", ttl_ms: 60_000 },
  });
  assert.equal(added.statusCode, 201);
  assert.deepEqual(
    audit.map(({ actor, role, action }) => [actor, role, action]),
    [
      ["oidc:maria", "analyst", "cdr.list"],
      ["the-viewer", "viewer", "cdr.list"],
      ["oidc:maria", "analyst", "auth.forbidden"],
      ["oidc:maria", "analyst", "block.add"],
    ],
  );
});

const REFUSED: readonly (readonly [claims: Record<string, unknown>, status: number, code: string, text: RegExp])[] = [
  [{ refuse: "expired" }, 401, "auth.required", /expired/],
  [{ refuse: "signature" }, 401, "auth.required", /signature/],
  [{ refuse: "audience" }, 401, "auth.required", /not for this service/],
  [{ refuse: "unavailable" }, 503, "oidc.unavailable", /cannot be judged/],
  [{ sub: "nobody" }, 403, "auth.forbidden", /no role/],
];
for (const [claims, status, code, text] of REFUSED) {
  test(`a token that is ${JSON.stringify(claims)} is answered ${status}, and it is audited`, async () => {
    const { ask, audit } = await apiHarness({ grants: GRANTS }, { tokens: readable });
    const answer = await ask("GET", "/api/v1/cdrs", bearer(claims));
    assert.equal(answer.statusCode, status);
    const { error } = answer.json<{ error: { code: string; message: string } }>();
    assert.equal(error.code, code);
    assert.match(error.message, text);
    if (status === 401) assert.match(String(answer.headers["www-authenticate"]), /error="invalid_token"/);
    assert.equal(audit.length, 1);
    assert.equal(audit[0]?.detail["status"], status);
  });
}

test("a bad token opens nothing on a trusted address either, and a good one without a role no event route", async () => {
  const { ask } = await apiHarness({ grants: GRANTS }, { tokens: readable });
  const body = { call_id: "c", a_number: "A001", b_number: "B999" };
  assert.equal((await ask("POST", "/event", { body })).statusCode, 200, "without any");
  assert.equal((await ask("POST", "/event", { body, ...bearer({ refuse: "expired" }) })).statusCode, 401);
  assert.equal((await ask("POST", "/event", { body, ...bearer({ sub: "nobody" }) })).statusCode, 403);
  assert.equal(
    (await ask("POST", "/event", { body, ...bearer({ sub: "sbc", scope: "report-calls" }) })).statusCode,
    200,
  );
});

test("tokens without an issuer in the settings are keys that are not known", async () => {
  const { ask } = await apiHarness();
  const answer = await ask("GET", "/api/v1/cdrs", bearer(DESK));
  assert.equal(answer.statusCode, 401);
  assert.match(answer.body, /API key is not known/);
});
