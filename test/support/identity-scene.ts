import assert from "node:assert/strict";
import { NodeIdentityCrypto } from "../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import type { SignedCallTaker, TrunkIdentity } from "../../gateway/call/identity/identity-contracts.js";
import { IdentityGate, type IdentityGateOptions } from "../../gateway/call/identity/identity-gate.js";
import { IdentitySigner } from "../../gateway/call/identity/identity-signer.js";
import { IdentityVerifier } from "../../gateway/call/identity/identity-verifier.js";
import type { Trunk, TrunkSettings } from "../../gateway/call/trunks.js";
import { TrunkTable } from "../../gateway/call/trunks.js";
import type { Clock } from "../../gateway/core/clock.js";
import { LogDouble, MetricsDouble, RandomDouble, trunkSettings } from "./call-doubles.js";
import { CertificatesDouble, signingCertificate } from "./identity-doubles.js";
import { makeCertificate, X5U } from "./shaken.js";

export const VERIFIES: TrunkIdentity = {
  verify: true,
  onFailure: "pass",
  onAbsent: "pass",
  verstat: "none",
  header: false,
  sign: undefined,
};

export const SIGNS: NonNullable<TrunkIdentity["sign"]> = {
  ownNumbers: ["+1202555"],
  others: "C",
  origid: undefined,
  div: true,
};

export interface IdentitySceneSettings {
  /** Null: the trunk has none. */
  readonly identity?: Partial<TrunkIdentity> | null;
  readonly trunk?: Partial<TrunkSettings>;
  readonly options?: Partial<IdentityGateOptions>;
}

/** A gate with real cryptography, in front of whatever the test gives it. */
export function identityScene(calls: SignedCallTaker, clock: Clock, settings: IdentitySceneSettings = {}) {
  const signer = makeCertificate({ subject: "SHAKEN 1234" });
  const certificates = new CertificatesDouble({ [X5U]: signingCertificate(signer.der) });
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const crypto = new NodeIdentityCrypto(signer.keyPem);
  const { identity = {} } = settings;
  const table = TrunkTable.of({
    trunks: [],
    defaultTrunk: trunkSettings("t1", {
      ...(identity === null ? {} : { identity: { ...VERIFIES, ...identity } }),
      ...settings.trunk,
    }),
    trustedHops: [],
    unknownSources: "accept",
  });
  if (!table.ok) throw new Error(table.error.code);
  const trunk: Trunk = table.value.default;
  const gate = new IdentityGate(
    { budgetMs: 500, maxWaiting: 100, destination: "request-uri", serverName: "", ...settings.options },
    {
      calls,
      trunkOf: () => trunk,
      verifier: new IdentityVerifier(
        { freshnessMs: 60_000, strictInfo: false, requireTnAuthList: true },
        certificates,
        crypto,
      ),
      signer: new IdentitySigner(X5U, 60_000, { crypto, clock, random: new RandomDouble(), metrics, log }),
      clock,
      metrics,
      log,
    },
  );
  return { gate, certificates, signer, metrics, log, iat: () => Math.floor(clock.unix() / 1000) };
}

/** Nobody waits so long where all is well. */
const SETTLED_WITHIN_MS = 20_000;

/** Lets promises and the thread pool get on until `done`. @throws AssertionError when that takes too long. */
export async function settled(done: () => boolean): Promise<void> {
  const until = performance.now() + SETTLED_WITHIN_MS;
  while (!done()) {
    assert.ok(performance.now() < until, `not done within ${SETTLED_WITHIN_MS} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
