import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { checkServerIdentity, createSecureContext, type PeerCertificate, type SecureContext } from "node:tls";
import { GatewayError } from "../../../core/errors.js";
import type { TlsClientOptions, TlsServerOptions } from "./transport-options.js";

/** What `tls.createServer` and `server.setSecureContext` take. */
export interface ServerCredentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly minVersion: "TLSv1.2";
  /** Unix ms at which the certificate ends. */
  readonly validUntil: number;
}

/** @throws GatewayError `tls.certificate`, naming the file and what is wrong with it. */
export async function loadServerCredentials(files: TlsServerOptions): Promise<ServerCredentials> {
  const cert = await read("certificate", files.certFile);
  const key = await read("key", files.keyFile);
  const ca = files.caFile === undefined ? undefined : await read("CA file", files.caFile);
  if (files.requestCert === true && ca === undefined)
    throw new GatewayError("tls.certificate", "requestCert needs caFile: who may sign client certificates");
  const credentials = { cert, key, ...(ca === undefined ? {} : { ca }), minVersion: "TLSv1.2" as const };
  const validUntil = checkPair(files.certFile, cert, files.keyFile, key);
  build(credentials, files.certFile);
  return { ...credentials, validUntil };
}

/** @throws GatewayError `tls.certificate` */
export async function loadClientContext(files: TlsClientOptions): Promise<SecureContext> {
  const { certFile, keyFile, caFile } = files;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new GatewayError("tls.certificate", "a client certificate needs both certFile and keyFile");
  const cert = certFile === undefined ? undefined : await read("certificate", certFile);
  const key = keyFile === undefined ? undefined : await read("key", keyFile);
  const ca = caFile === undefined ? undefined : await read("CA file", caFile);
  if (cert !== undefined && key !== undefined) checkPair(certFile ?? "", cert, keyFile ?? "", key);
  const options = {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    minVersion: "TLSv1.2" as const,
  };
  return build(options, certFile ?? caFile ?? "TLS client");
}

/**
 * Is this the certificate of `name`? RFC 5922 §7.1: a `sip:` URI among the alternative names counts first; then DNS names and
 * addresses as HTTPS has them. Departs from §7.2: wildcards match, because carriers use them.
 */
export function checkSipIdentity(name: string, certificate: PeerCertificate): Error | undefined {
  const wanted = `URI:sip:${name.toLowerCase()}`;
  const names = (certificate.subjectaltname ?? "")
    .split(", ")
    .map((each) => each.toLowerCase().replace(/^uri:/, "URI:"));
  return names.includes(wanted) ? undefined : checkServerIdentity(name, certificate);
}

async function read(what: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw refuse(`cannot read ${what} ${path}: ${(cause as NodeJS.ErrnoException).code ?? "error"}`, cause);
  }
}

/** @returns Until when the certificate is valid, Unix ms. */
function checkPair(certFile: string, cert: Buffer, keyFile: string, key: Buffer): number {
  const certificate = attempt(`${certFile} holds no PEM certificate`, () => new X509Certificate(cert));
  const privateKey = attempt(`${keyFile} holds no PEM private key without a passphrase`, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) throw refuse(`${keyFile} is not the key of ${certFile}`);
  return Date.parse(certificate.validTo);
}

function build(options: Parameters<typeof createSecureContext>[0], file: string): SecureContext {
  return attempt(`${file} cannot be used`, () => createSecureContext(options));
}

function attempt<T>(complaint: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw refuse(`${complaint}: ${(cause as Error).message}`, cause);
  }
}

function refuse(message: string, cause?: unknown): GatewayError {
  return new GatewayError("tls.certificate", message, cause === undefined ? undefined : { cause });
}
