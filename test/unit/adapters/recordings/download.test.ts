import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { s3Url, signGet } from "../../../../gateway/adapters/recording-download/sigv4.js";
import { RecordingDownload } from "../../../../gateway/adapters/recording-download/download.js";
import { SourceGuard, type Address } from "../../../../gateway/adapters/recording-download/source-guard.js";
import { SealedFrames } from "../../../../gateway/adapters/recording-files/sealed-frames.js";
import { AesVault } from "../../../../gateway/adapters/vault/aes-vault.js";
import { GatewayError } from "../../../../gateway/core/errors.js";

const guard = (options: Partial<ConstructorParameters<typeof SourceGuard>[0]> = {}, found: readonly Address[] = []) =>
  new SourceGuard(
    { hosts: ["rec.example.com", "*.cdn.example.com"], privateNetworks: [], plainHttp: false, ...options },
    () => Promise.resolve(found),
  );
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "ok";
  } catch (error) {
    return error instanceof GatewayError ? error.code : "other";
  }
};

for (const [url, code] of [
  ["https://rec.example.com/a.mp3", "ok"],
  ["https://REC.example.com./a.mp3", "ok"],
  ["https://x.cdn.example.com/a.mp3", "ok"],
  ["https://cdn.example.com/a.mp3", "recording.refused"],
  ["https://rec.example.com.evil.net/a", "recording.refused"],
  ["https://evilrec.example.com/a", "recording.refused"],
  ["https://rec.example.com@evil.net/a", "recording.refused"],
  ["http://rec.example.com/a.mp3", "recording.refused"],
  ["ftp://rec.example.com/a.mp3", "recording.refused"],
  ["file:///etc/passwd", "recording.refused"],
  ["https://127.0.0.1/a", "recording.refused"],
  ["nonsense", "recording.refused"],
] as const) {
  test(`may be fetched: ${url}: ${code}`, () =>
    assert.equal(
      codeOf(() => guard().check(url)),
      code,
    ));
}

for (const [addresses, allowed, code] of [
  [["93.184.216.34"], [], "ok"],
  [["10.1.2.3"], [], "recording.refused"],
  [["10.1.2.3"], ["10.1.0.0/16"], "ok"],
  [["93.184.216.34", "127.0.0.1"], [], "recording.refused"],
  [["169.254.169.254"], [], "recording.refused"],
  [["::1"], [], "recording.refused"],
  [["::ffff:127.0.0.1"], [], "recording.refused"],
  [["fd00::1"], [], "recording.refused"],
  [["2606:2800:220:1::1"], [], "ok"],
  [["0.0.0.0"], [], "recording.refused"],
  [[], [], "recording.unavailable"],
] as const) {
  test(`a name that resolves to ${addresses.length > 0 ? addresses.join(", ") : "nothing"}${allowed.length > 0 ? ", allowed" : ""}: ${code}`, async () => {
    const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    const asked = guard({ privateNetworks: allowed }, found).resolve(new URL("https://rec.example.com/"));
    const got = await asked.then(
      () => "ok",
      (error: unknown) => (error instanceof GatewayError ? error.code : "other"),
    );
    assert.equal(got, code);
  });
}

test("SigV4 signs a GET as Amazon's documentation does", () => {
  // docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Example: GET Object".
  const options = {
    endpoint: "https://examplebucket.s3.amazonaws.com",
    region: "us-east-1",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  };
  const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt");
  const { authorization } = signGet(url, { range: "bytes=0-9" }, options, Date.parse("2013-05-24T00:00:00Z"));
  assert.equal(
    authorization,
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, " +
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
});

for (const [source, url] of [
  ["s3://my-bucket/a b/ü'.wav", "https://s3.example/my-bucket/a%20b/%C3%BC%27.wav"],
  ["s3://my-bucket/", undefined],
  ["s3://UPPER/key", undefined],
  ["s3://../key", undefined],
] as const) {
  test(`${source} is ${url ?? "no object"}`, () => assert.equal(s3Url(source, "https://s3.example")?.href, url));
}

test("a name server that does not answer is waited for until the time is up, or nobody wants it any more", async () => {
  const silent = new SourceGuard(
    { hosts: ["rec.example.com"], privateNetworks: [], plainHttp: true },
    () => new Promise(() => undefined),
  );
  const fetchWithin = (timeoutMs: number, signal: AbortSignal): Promise<unknown> =>
    new RecordingDownload(
      { maxBytes: 1, maxRedirects: 3, timeoutMs, stallMs: 100, authorizationHosts: [] },
      { guard: silent, now: () => 0 },
    ).fetch("http://rec.example.com/a.wav", { bytes: 0, validator: undefined }, signal);
  // A time-out of a signal does not keep the process alive.
  const alive = setInterval(() => undefined, 1_000);
  try {
    await assert.rejects(fetchWithin(20, new AbortController().signal), { code: "recording.unavailable" });
    const stop = new AbortController();
    const asked = fetchWithin(60_000, stop.signal);
    stop.abort(new Error("closing"));
    await assert.rejects(asked, /closing/);
  } finally {
    clearInterval(alive);
  }
});

const folder = mkdtempSync(join(tmpdir(), "ringfence-frames-"));
after(() => rmSync(folder, { recursive: true }));
const vault = new AesVault({ current: "k", keys: new Map([["k", new Uint8Array(32)]]) });
const chunks = async function* (...parts: readonly (Uint8Array | Error)[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield await Promise.resolve(part);
  }
};
const readAll = async (frames: SealedFrames, path: string): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of frames.read(path)) parts.push(part);
  return Buffer.concat(parts);
};

test("sealed frames: what came before a failure is kept, the rest is appended, and no byte of it is in the clear", async () => {
  const path = join(folder, "a");
  const frames = new SealedFrames(vault, "test");
  const text = Buffer.alloc(2_500_000, "spoken words ");
  await assert.rejects(frames.append(path, chunks(text.subarray(0, 1_500_000), new Error("lost"))), /lost/);
  const { plainBytes } = await frames.length(path);
  assert.equal(plainBytes, 1_500_000);
  await frames.append(path, chunks(text.subarray(plainBytes)));
  assert.deepEqual(await readAll(frames, path), text);
  assert.equal(readFileSync(path).includes("spoken"), false);
});

test("sealed frames: half a frame that a crash left is cut off, and a changed byte or another's file is refused", async () => {
  const path = join(folder, "b");
  const frames = new SealedFrames(vault, "test");
  await frames.append(path, chunks(Buffer.alloc(1_048_576, 1), Buffer.alloc(1_000, 2)));
  truncateSync(path, 1_048_576 + 500);
  assert.equal((await frames.length(path)).plainBytes, 1_048_576);
  await assert.rejects(readAll(frames, path), /cut off/);
  await frames.append(path, chunks(Buffer.alloc(10, 3)));
  assert.equal((await readAll(frames, path)).byteLength, 1_048_586);
  await assert.rejects(readAll(new SealedFrames(vault, "other"), path), { code: "crypto.key" });
  const bytes = readFileSync(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await assert.rejects(readAll(frames, path), { code: "crypto.key" });
});
