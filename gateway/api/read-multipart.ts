import { fail, ok, type Result } from "../core/result.js";

/** Parts that are looked at; more is no upload of one file. */
const MAX_PARTS = 32;
const MAX_HEAD_BYTES = 8_192;
const CRLF = "\r\n";

export interface FilePart {
  /** A view into the body. */
  readonly bytes: Uint8Array;
}

/**
 * The file in a form upload: the part with a file name, else the one called `audio` or `file`. RFC 7578
 * @param contentType Of the request. May be hostile, as is the body.
 */
export function readMultipart(contentType: string, body: Uint8Array): Result<FilePart, string> {
  const boundary = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) return fail("the form has no boundary");
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${name}`, "latin1");
  let named: FilePart | undefined;
  let at = buffer.indexOf(delimiter);
  for (let part = 0; at >= 0 && part < MAX_PARTS; part++) {
    const headAt = at + delimiter.length;
    if (buffer.toString("latin1", headAt, headAt + 2) === "--") break;
    const next = buffer.indexOf(Buffer.concat([Buffer.from(CRLF), delimiter]), headAt);
    if (next < 0) return fail("the form is cut off");
    const bodyAt = buffer.indexOf(CRLF + CRLF, headAt);
    if (bodyAt >= 0 && bodyAt < next && bodyAt - headAt <= MAX_HEAD_BYTES) {
      const head = buffer.toString("latin1", headAt, bodyAt);
      const bytes = body.subarray(bodyAt + 4, next);
      const disposition = /^content-disposition:([^\r\n]*)/im.exec(head)?.[1] ?? "";
      if (/;\s*filename\*?=/i.test(disposition)) return ok({ bytes });
      if (/;\s*name="?(?:audio|file)"?\s*(?:;|$)/i.test(disposition)) named ??= { bytes };
    }
    at = next + CRLF.length;
  }
  return named === undefined ? fail("the form holds no file") : ok(named);
}
