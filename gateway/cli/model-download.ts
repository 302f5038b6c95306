import { createWriteStream } from "node:fs";
import { rename, rm, stat, statfs } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname } from "node:path";
import { makeFolder } from "../adapters/system/make-folder.js";
import { hashFile } from "../adapters/whisper/model-file.js";
import { GatewayError } from "../core/errors.js";
import { openDownload, type DownloadOptions } from "./open-download.js";

export interface ModelDownload extends DownloadOptions {
  readonly url: string;
  /** Where the finished file goes. Until then it grows beside it as `….part`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Tries; each goes on where the one before broke off. */
  readonly attempts: number;
  /** Between two tries: a server that is being restarted is not back in the same moment. Default: none. */
  readonly pause?: (attempt: number) => Promise<void>;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** Left free on the disk. */
const SPARE_BYTES = 64 * 1_048_576;

/**
 * Fetches a model: goes on with what an earlier try left, checks size and hash, and only then gives the file its name.
 *
 * @throws GatewayError `model.missing`: it could not be fetched, or not be written (the part is kept); `model.invalid`: what came is
 *   not the model (nothing is kept); `privacy.forbidden`.
 */
export async function downloadModel(download: ModelDownload): Promise<void> {
  const { path, sizeBytes, sha256, attempts } = download;
  const part = `${path}.part`;
  await makeFolder(dirname(path)).catch((cause: unknown) => {
    throw unwritable(dirname(path), cause);
  });
  for (let attempt = 1; (await sizeOf(part)) !== sizeBytes; attempt++) {
    try {
      await fetchRest(download, part);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      if (attempt < attempts) {
        await download.pause?.(attempt);
        continue;
      }
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError("model.missing", `${download.url} could not be fetched: ${why}`, { cause });
    }
  }
  const found = await hashFile(part);
  if (found !== sha256.toLowerCase()) {
    await rm(part, { force: true });
    throw new GatewayError("model.invalid", `${download.url} has SHA-256 ${found} instead of ${sha256}`);
  }
  await rename(part, path);
}

async function fetchRest(download: ModelDownload, part: string): Promise<void> {
  const { url, sizeBytes, onProgress } = download;
  let have = await sizeOf(part);
  if (have > sizeBytes) {
    await rm(part, { force: true });
    have = 0;
  }
  await checkRoom(part, sizeBytes - have);
  const response = await openDownload(url, have === 0 ? {} : { range: `bytes=${have}-` }, download);
  const start = startOf(response, have, download);
  let done = start;
  try {
    await writeBody(response, part, start === 0 ? "w" : "a", (bytes) => {
      done += bytes;
      if (done > sizeBytes) throw new GatewayError("model.invalid", `${url} is longer than the model`);
      onProgress?.(done, sizeBytes);
    });
  } catch (error) {
    if (error instanceof GatewayError && error.code === "model.invalid") await rm(part, { force: true });
    throw error;
  }
  if (done !== sizeBytes) throw new Error(`it ended after ${done} of ${sizeBytes} bytes`);
}

/**
 * Writes a body as it comes. Not by `pipeline` or `for await`: those throw away what has come but was not asked for yet when the
 * connection breaks, and the next try would fetch it again.
 * @param onBytes May throw: that ends it.
 */
function writeBody(
  response: IncomingMessage,
  path: string,
  flags: "w" | "a",
  onBytes: (bytes: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = createWriteStream(path, { flags });
    file.once("error", (error) => {
      response.destroy();
      reject(unwritable(path, error));
    });
    response.on("data", (chunk: Buffer) => {
      try {
        onBytes(chunk.byteLength);
      } catch (error) {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (file.write(chunk)) return;
      response.pause();
      file.once("drain", () => response.resume());
    });
    response.once("end", () => file.end(() => resolve()));
    response.once("error", (error) => file.end(() => reject(error)));
  });
}

/** Where the body begins. A server that ignores the range sends everything; one whose file has another size has another model. */
function startOf(response: IncomingMessage, have: number, { url, sizeBytes }: ModelDownload): number {
  const { statusCode = 0, headers } = response;
  const refuse = (message: string): GatewayError => {
    response.destroy();
    return new GatewayError("model.invalid", message);
  };
  if (statusCode === 206) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
    if (Number(first) !== have) throw refuse(`${url} does not go on where it was asked to`);
    if (total !== "*" && Number(total) !== sizeBytes)
      throw refuse(`${url} has ${total ?? "?"} bytes, not ${sizeBytes}`);
    return have;
  }
  const length = headers["content-length"];
  if (length !== undefined && Number(length) !== sizeBytes) {
    throw refuse(`${url} has ${length} bytes, the model has ${sizeBytes}`);
  }
  return 0;
}

/** The disk does not get better by asking the server again. */
function unwritable(path: string, cause: unknown): GatewayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GatewayError("model.missing", `${path} cannot be written: ${why}`, { cause });
}

async function checkRoom(part: string, needBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(part));
  if (bavail * bsize >= needBytes + SPARE_BYTES) return;
  throw new GatewayError("model.missing", `no room for the model in ${dirname(part)}: ${needBytes} bytes are needed`);
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
