import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrunkIdentity } from "../../../../gateway/call/identity/identity-contracts.js";
import type { TrunkSettings } from "../../../../gateway/call/trunks.js";
import type { HeaderEntries } from "../../../../gateway/ports/sip-endpoint.js";
import { B2buaBench } from "../../../support/b2bua-bench.js";
import { identityScene, settled } from "../../../support/identity-scene.js";
import { shakenIdentity } from "../../../support/shaken.js";

// A request names its caller in several places, a signature speaks for one number. Who signs for his own must not be shown as another.

/** Signed for: +12025550101. */
const OWN = "+12025550101";
const BANK_FROM = ["From", '"Your Bank" <sip:+18005550000@bank.example>;tag=x'] as const;
const OWN_FROM = ["From", `<sip:${OWN}@caller.example>;tag=x`] as const;
const NO_FROM = ["From", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x'] as const;
const OWN_PAI = ["P-Asserted-Identity", `<sip:${OWN}@caller.example>`] as const;
const BANK_PAI = ["P-Asserted-Identity", "<sip:+18005550000@bank.example>"] as const;
const PRIVACY = ["Privacy", "id"] as const;
const CARRIER: Partial<TrunkSettings> = { trusted: true, callerFrom: ["p-asserted-identity", "from"] };

const PASSED = "TN-Validation-Passed";
const NOTHING = "No-TN-Validation";
const FAILED = "TN-Validation-Failed";

interface Case {
  readonly name: string;
  readonly headers: HeaderEntries;
  readonly verstat: TrunkIdentity["verstat"];
  readonly trunk?: Partial<TrunkSettings>;
  readonly verdict: string;
  /** Verstat in From, and in each value of P-Asserted-Identity; `-`: none. */
  readonly is: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: "untrusted trunk, Privacy: id, From spoofed, own number asserted and signed",
    headers: [BANK_FROM, OWN_PAI, PRIVACY],
    verstat: "both",
    verdict: "failed orig",
    is: [FAILED, FAILED],
  },
  {
    name: "trusted trunk, P-Asserted-Identity signed, From the customer's own invention",
    headers: [BANK_FROM, OWN_PAI],
    verstat: "from",
    trunk: CARRIER,
    verdict: "verified",
    is: [NOTHING, "-"],
  },
  {
    name: "the same, said in both",
    headers: [BANK_FROM, OWN_PAI],
    verstat: "both",
    trunk: CARRIER,
    verdict: "verified",
    is: [NOTHING, PASSED],
  },
  {
    name: "the same, withheld",
    headers: [BANK_FROM, OWN_PAI, PRIVACY],
    verstat: "both",
    trunk: CARRIER,
    verdict: "verified",
    is: [NOTHING, PASSED],
  },
  {
    name: "untrusted trunk, From signed, P-Asserted-Identity spoofed",
    headers: [OWN_FROM, BANK_PAI],
    verstat: "both",
    verdict: "verified",
    is: [PASSED, NOTHING],
  },
  {
    name: "two numbers asserted, one of them signed for",
    headers: [OWN_FROM, ["P-Asserted-Identity", `<sip:+18005550000@bank.example>, <tel:${OWN}>`]],
    verstat: "both",
    verdict: "verified",
    is: [PASSED, NOTHING, PASSED],
  },
  {
    name: "untrusted trunk, From names nobody, own number asserted and signed",
    headers: [NO_FROM, OWN_PAI, PRIVACY],
    verstat: "both",
    verdict: "verified",
    is: ["-", PASSED],
  },
  {
    name: "untrusted trunk, From names somebody without a number",
    headers: [["From", "<sip:your.bank@bank.example>;tag=x"], OWN_PAI],
    verstat: "both",
    verdict: "failed orig",
    is: ["-", FAILED],
  },
  {
    name: "a verstat that came along says nothing",
    headers: [["From", `<sip:+18005550000;verstat=${PASSED}@bank.example>;tag=x`], OWN_PAI],
    verstat: "pai",
    trunk: CARRIER,
    verdict: "verified",
    is: ["-", PASSED],
  },
];

const verstatIn = (value: string): string => /;verstat=([\w-]+)/.exec(value)?.[1] ?? "-";

for (const { name, headers, verstat, trunk = {}, verdict, is } of cases) {
  test(`verstat speaks for whom was signed for: ${name}`, async () => {
    const bench = new B2buaBench({});
    const { gate, signer, iat } = identityScene(bench.b2bua, bench.clock, { identity: { verstat }, trunk });
    void bench.endpoint.start(gate);
    bench.invite([...headers, ["Identity", shakenIdentity(signer.key, iat())]]);
    await settled(() => bench.endpoint.invites.length > 0);
    const found = bench.call.signedIdentity;
    assert.equal([found?.verdict, found?.reason].filter((each) => each !== undefined).join(" "), verdict);
    const asserted = (bench.out.spec.headers ?? [])
      .filter(([key]) => key === "P-Asserted-Identity")
      .flatMap(([, value]) => value.split(", "));
    assert.deepEqual([bench.out.spec.from ?? "", ...asserted].map(verstatIn), is);
  });
}
