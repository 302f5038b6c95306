import { createHash, createHmac } from "node:crypto";

export interface S3Options {
  /** `https://s3.eu-west-1.amazonaws.com`, or a compatible server's. The bucket is the first part of the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const EMPTY_HASH = createHash("sha256").update("").digest("hex");
const SERVICE = "s3";

/** `s3://bucket/key` → path-style URL. @returns Undefined: it is no such address. */
export function s3Url(source: string, endpoint: string): URL | undefined {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.{1,1024})$/.exec(source);
  const [, bucket, key] = match ?? [];
  if (bucket === undefined || key === undefined) return undefined;
  return new URL(`/${bucket}/${key.split("/").map(encode).join("/")}`, endpoint);
}

/** RFC 3986's unreserved characters stay; what `encodeURIComponent` leaves beside them is written out. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * Headers of a signed GET without a query. AWS Signature Version 4.
 * Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signGet(
  url: URL,
  extra: Readonly<Record<string, string>>,
  options: S3Options,
  unixMs: number,
): Record<string, string> {
  const time = new Date(unixMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const { region, accessKeyId, secretAccessKey, sessionToken } = options;
  const headers: Record<string, string> = {
    ...extra,
    host: url.host,
    "x-amz-content-sha256": EMPTY_HASH,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const signed = names.join(";");
  const lines = names.map((name) => `${name}:${(headers[name] ?? "").trim()}\n`).join("");
  const request = ["GET", url.pathname, "", lines, signed, EMPTY_HASH].join("\n");
  const scope = `${day}/${region}/${SERVICE}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(request)].join("\n");
  const key = [day, region, SERVICE, "aws4_request"].reduce<string | Buffer>(
    (last, part) => createHmac("sha256", last).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
