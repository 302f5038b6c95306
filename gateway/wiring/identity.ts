import { readFileSync } from "node:fs";
import { readAnchors, type TrustAnchors } from "../adapters/identity-certificates/certificate-chain.js";
import type { CertificateOptions } from "../adapters/identity-certificates/certificate-options.js";
import { HttpsCertificates } from "../adapters/identity-certificates/https-certificates.js";
import { NodeIdentityCrypto } from "../adapters/identity-crypto/node-identity-crypto.js";
import type { TrunkIdentity } from "../call/identity/identity-contracts.js";
import { IdentityGate, type IdentityGateDeps } from "../call/identity/identity-gate.js";
import { IdentitySigner } from "../call/identity/identity-signer.js";
import { IdentityVerifier } from "../call/identity/identity-verifier.js";
import type { IdentityConfig, TrunkIdentityConfig } from "../config/identity-schema.js";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import type { Random } from "../core/random.js";

/** The gate in front of the B2BUA, and what it has open. */
export interface IdentitySide {
  readonly gate: IdentityGate;
  /** What waits is answered; fetches are ended. Safe to call twice. */
  close(): void;
}

type Deps = Pick<IdentityGateDeps, "calls" | "trunkOf" | "clock" | "metrics" | "log"> & { readonly random: Random };

/**
 * @returns Undefined where the configuration has no use for it: calls pass without it.
 * @throws GatewayError `config.invalid`, `crypto.key`.
 */
export function makeIdentity(config: Config, deps: Deps): IdentitySide | undefined {
  if (!usesIdentity(config)) return undefined;
  const { identity, sip } = config;
  const { sign, budgetMs, maxWaiting, destination, freshnessMs } = identity;
  const crypto = new NodeIdentityCrypto(
    sign === undefined ? undefined : readText("identity.sign.keyFile", sign.keyFile),
  );
  const certificates = new HttpsCertificates(certificateOptions(identity), {
    ...deps,
    anchors: trustAnchors(identity),
  });
  const gate = new IdentityGate(
    { budgetMs, maxWaiting, destination, serverName: sip.serverName },
    {
      ...deps,
      verifier: new IdentityVerifier(identity, certificates, crypto),
      signer: sign === undefined ? undefined : new IdentitySigner(sign.x5u, freshnessMs, { ...deps, crypto }),
    },
  );
  return {
    gate,
    close: () => {
      gate.close();
      certificates.close();
    },
  };
}

/** Whether anything of it was asked for: a trunk can take it up by a reload then. */
function usesIdentity({ identity, trunks, defaultTrunk }: Config): boolean {
  if (identity.verify || identity.sign !== undefined || identity.trustAnchors.length > 0) return true;
  return [...trunks, defaultTrunk].some(({ identity: each }) => isUsed(each));
}

const isUsed = ({ verify, verstat, header, sign }: TrunkIdentityConfig): boolean =>
  verify === true || verstat !== "none" || header || sign !== undefined;

/** @returns Undefined: nothing is done with the identities of that trunk. */
export function trunkIdentity(identity: IdentityConfig, trunk: TrunkIdentityConfig): TrunkIdentity | undefined {
  const { verify = identity.verify, onFailure, onAbsent, verstat, header, sign } = trunk;
  if (!verify && !isUsed(trunk)) return undefined;
  const signing = sign === undefined ? undefined : { ...sign, origid: sign.origid };
  return { verify, onFailure, onAbsent, verstat, header, sign: signing };
}

/** One line each, `path: what`: what the schema cannot see. */
export function identityProblems({ identity, privacy, trunks, defaultTrunk }: Config): string[] {
  const all = [
    ...trunks.map((trunk, i) => [`trunks.${i}.identity`, trunk.identity] as const),
    ["defaultTrunk.identity", defaultTrunk.identity] as const,
  ];
  const verifies = identity.verify || all.some(([, { verify }]) => verify === true);
  const { hosts, anyPublicHost, allowHttp } = identity.certificates;
  const { strict } = privacy;
  return [
    ...(verifies && identity.trustAnchors.length === 0 ? ["identity.trustAnchors: verify needs at least one"] : []),
    ...(verifies && hosts.length === 0 && !anyPublicHost
      ? ["identity.certificates: verify needs hosts or anyPublicHost"]
      : []),
    ...(verifies && anyPublicHost && strict
      ? ["identity.certificates.anyPublicHost: not with privacy.strict: whoever calls would choose what we connect to"]
      : []),
    ...(identity.sign === undefined || allowHttp || /^https:\/\//i.test(identity.sign.x5u)
      ? []
      : ["identity.sign.x5u: must begin with https://: nobody who verifies fetches it otherwise (RFC 7515 §4.1.5)"]),
    ...all
      .filter(([, { sign }]) => sign !== undefined && identity.sign === undefined)
      .map(([path]) => `${path}.sign: needs identity.sign`),
    ...problemOf(() => trustAnchors(identity)),
    ...problemOf(() => certificateOptions(identity)),
    ...problemOf(() => {
      if (identity.sign === undefined) return;
      new NodeIdentityCrypto(readText("identity.sign.keyFile", identity.sign.keyFile));
    }),
  ];
}

function problemOf(work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof GatewayError) return [error.message];
    throw error;
  }
}

function trustAnchors({ trustAnchors: files }: IdentityConfig): TrustAnchors {
  return files.flatMap((file, i) => {
    const path = `identity.trustAnchors.${i}`;
    const read = readAnchors(readText(path, file));
    if (read.ok) return read.value;
    const what =
      read.error.unusable === 0 ? "no certificate" : `${read.error.unusable} certificates that are not P-256`;
    throw new GatewayError("config.invalid", `${path}: ${JSON.stringify(file)} holds ${what}`);
  });
}

function certificateOptions({ certificates }: IdentityConfig): CertificateOptions {
  const { httpsCaFile, ...rest } = certificates;
  const httpsCa = httpsCaFile === undefined ? undefined : readText("identity.certificates.httpsCaFile", httpsCaFile);
  return { ...rest, httpsCa };
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw new GatewayError("config.invalid", `${path}: ${JSON.stringify(file)} cannot be read (${why})`, { cause });
  }
}
