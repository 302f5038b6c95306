import { performance } from "node:perf_hooks";
import { NodeIdentityCrypto } from "../../gateway/adapters/identity-crypto/node-identity-crypto.js";
import { IdentityVerifier } from "../../gateway/call/identity/identity-verifier.js";
import { unixMs } from "../../gateway/core/time.js";
import { CertificatesDouble, signingCertificate } from "../support/identity-doubles.js";
import { CALLED_TN, CALLER_TN, makeCertificate, shakenIdentity, X5U } from "../support/shaken.js";

const WARM_UP = 500;
const CALLS = 5_000;
/** Calls under way at once in the second pass. */
const TOGETHER = 16;

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/**
 * What the verification of one call costs whose certificate is in the cache: header, PASSporT, certificate's numbers, ES256 on the
 * thread pool. One call after the other (`latencyUs`: what a call waits), then 16 at a time (`cpuUs`, `callsPerSecond`); what the
 * SIP thread itself spends is `threadUs`. Signing in the same way.
 */
export async function run(): Promise<object> {
  const signer = makeCertificate({ subject: "SHAKEN 1234" });
  const certificates = new CertificatesDouble({ [X5U]: signingCertificate(signer.der) });
  const crypto = new NodeIdentityCrypto(signer.keyPem);
  const options = { freshnessMs: 60_000, strictInfo: false, requireTnAuthList: true };
  const verifier = new IdentityVerifier(options, certificates, crypto);
  const now = Math.floor(Date.now() / 1000);
  const values = Array.from({ length: 64 }, (_none, i) =>
    shakenIdentity(signer.key, now, { payload: { origid: `bench-${i}` } }),
  );
  const verify = async (i: number): Promise<void> => {
    const {
      identity: { verdict },
    } = await verifier.verify({
      trunk: "t1",
      values: [values[i % values.length] ?? ""],
      callers: [{ kind: "tn", tn: CALLER_TN }],
      targets: [{ kind: "tn", tn: CALLED_TN }],
      formerTargets: [],
      dateMs: undefined,
      at: unixMs(now * 1000),
    });
    if (verdict !== "verified") throw new Error(verdict);
    certificates.asked.length = 0;
  };
  const data = Buffer.from(values[0] ?? "");
  const sign = async (): Promise<void> => {
    await crypto.signEs256(data);
  };
  return { verify: await measure(verify), sign: await measure(sign) };
}

async function measure(work: (i: number) => Promise<void>): Promise<object> {
  for (let i = 0; i < WARM_UP; i++) await work(i);
  const waits: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const at = performance.now();
    await work(i);
    waits.push((performance.now() - at) * 1000);
  }
  waits.sort((a, b) => a - b);
  const quantile = (share: number): number => Math.round(waits[Math.floor(waits.length * share)] ?? 0);
  const startedCpu = cpuUs();
  const startedLoop = performance.eventLoopUtilization();
  const startedAt = performance.now();
  for (let i = 0; i < CALLS; i += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_none, j) => work(i + j)));
  }
  const tookMs = performance.now() - startedAt;
  const { active } = performance.eventLoopUtilization(startedLoop);
  return {
    latencyUs: { p50: quantile(0.5), p99: quantile(0.99) },
    cpuUs: Math.round((cpuUs() - startedCpu) / CALLS),
    threadUs: Math.round((active * 1000) / CALLS),
    callsPerSecond: Math.round((CALLS / tookMs) * 1000),
  };
}
