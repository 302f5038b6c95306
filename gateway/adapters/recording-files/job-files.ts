import { mkdir, open, readdir, readFile, rename, rm, unlink, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../../core/errors.js";
import type { Vault } from "../../ports/vault.js";
import { SealedFrames } from "./sealed-frames.js";

const SOURCE = "source.sealed";
const VALIDATOR = "validator";
const DECODED = "decoded.json";
const PIECE = /^\d+\.(?:pcm|text)$/;

export interface DecodedFacts {
  readonly durationMs: number;
  /** Of each piece, ms, in order. */
  readonly startsMs: readonly number[];
  readonly channels: number;
  /** Both channels say the same. */
  readonly same: boolean;
}

type Sealer = Pick<Vault, "seal" | "open">;

/** The files of one job, each sealed; whole files appear in one step. Disk full is `store.full`. */
export class JobFiles {
  readonly #folder: string;
  readonly #id: string;
  readonly #vault: Sealer;

  constructor(folder: string, id: string, vault: Sealer) {
    this.#folder = folder;
    this.#id = id;
    this.#vault = vault;
  }

  async make(): Promise<void> {
    await told(mkdir(this.#folder, { recursive: true, mode: 0o700 }));
  }

  /** @returns Bytes of the source that are there. */
  async sourceBytes(): Promise<number> {
    return this.#frames()
      .length(join(this.#folder, SOURCE))
      .then(
        ({ plainBytes }) => plainBytes,
        () => 0,
      );
  }

  async dropSource(): Promise<void> {
    await rm(join(this.#folder, SOURCE), { force: true });
  }

  /** Adds to what is there of the source. @returns All its bytes. */
  appendSource(bytes: AsyncIterable<Uint8Array>): Promise<number> {
    return told(this.#frames().append(join(this.#folder, SOURCE), bytes));
  }

  /**
   * The source in the clear, for ffmpeg: an open file without a name, gone with the last process that has it open.
   * @throws GatewayError `recording.invalid`: there is none.
   */
  async openSource(): Promise<FileHandle> {
    const path = join(this.#folder, `clear-${process.pid}`);
    await rm(path, { force: true });
    const file = await told(open(path, "wx+", 0o600));
    try {
      await unlink(path);
      for await (const frame of this.#frames().read(join(this.#folder, SOURCE))) await told(file.appendFile(frame));
      return file;
    } catch (error) {
      await file.close();
      throw isMissing(error) ? new GatewayError("recording.invalid", "its file is gone") : error;
    }
  }

  /** Where the source came from tells by this whether it is still the same. */
  async writeValidator(validator: string | undefined): Promise<void> {
    await this.#seal(VALIDATOR, Buffer.from(validator ?? ""));
  }

  async readValidator(): Promise<string | undefined> {
    const text = Buffer.from((await this.#open(VALIDATOR)) ?? []).toString("utf8");
    return text === "" ? undefined : text;
  }

  /** What was taken in under one id belongs to another: sealed anew, as each piece knows whose it is. */
  async moveTo(other: JobFiles): Promise<void> {
    await other.make();
    await other.dropSource();
    await other.appendSource(this.#frames().read(join(this.#folder, SOURCE)));
  }

  async writePiece(index: number, pcm: Uint8Array): Promise<void> {
    await this.#seal(`${index}.pcm`, pcm);
  }

  /** @returns Undefined: it is not there. */
  readPiece(index: number): Promise<Uint8Array | undefined> {
    return this.#open(`${index}.pcm`);
  }

  async writeText(index: number, text: object): Promise<void> {
    await this.#seal(`${index}.text`, Buffer.from(JSON.stringify(text)));
    await rm(join(this.#folder, `${index}.pcm`), { force: true });
  }

  async readText(index: number): Promise<unknown> {
    const plain = await this.#open(`${index}.text`);
    return plain === undefined ? undefined : (JSON.parse(Buffer.from(plain).toString("utf8")) as unknown);
  }

  /** Decoding is over: pieces are whole, the source is not needed any more. */
  async writeDecoded(facts: DecodedFacts): Promise<void> {
    await this.#seal(DECODED, Buffer.from(JSON.stringify(facts)));
    await this.dropSource();
  }

  async readDecoded(): Promise<DecodedFacts | undefined> {
    const plain = await this.#open(DECODED);
    return plain === undefined ? undefined : (JSON.parse(Buffer.from(plain).toString("utf8")) as DecodedFacts);
  }

  /** It has to be decoded again: texts of other pieces than will come are of no use. */
  async dropDecoded(): Promise<void> {
    await rm(join(this.#folder, DECODED), { force: true });
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) if (PIECE.test(name)) await rm(join(this.#folder, name), { force: true });
  }

  #frames(): SealedFrames {
    return new SealedFrames(this.#vault, `recording-source:${this.#id}`);
  }

  async #seal(name: string, plain: Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    const sealed = this.#vault.seal(plain, `recording-file:${this.#id}:${name}`);
    await told(writeFile(`${path}.next`, sealed, { mode: 0o600, flush: true }));
    await told(rename(`${path}.next`, path));
  }

  async #open(name: string): Promise<Uint8Array | undefined> {
    try {
      return this.#vault.open(await readFile(join(this.#folder, name)), `recording-file:${this.#id}:${name}`);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);
const isMissing = (error: unknown): boolean => codeOf(error) === "ENOENT";

/** A full disk gets better; the job waits for that. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const code = codeOf(cause);
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
      throw new GatewayError("store.full", "no space left for recordings", { cause });
    throw cause;
  }
}
