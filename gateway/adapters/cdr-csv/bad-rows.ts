import { open, type FileHandle } from "node:fs/promises";
import { csvCell } from "../../core/cdr-format.js";
import { GatewayError } from "../../core/errors.js";
import type { FileRow } from "./csv-file.js";

/** More are only counted: a file that is bad from end to end must not fill the disk a second time. */
const MAX_KEPT = 1_000_000;

/** Rows that could not be read, in a CSV beside the file: line, reason, the row as it stood, made harmless for spreadsheets by `csvCell`. Made with the first of them. */
export class BadRows {
  readonly path: string;
  #file: FileHandle | undefined;
  #waiting: string[] = [];
  #kept = 0;
  #bytes = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Length of the file, when all was flushed. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Goes on with the file of an import that was interrupted. Else what is there is written over by the first bad row.
   * @param bytes What of it was written when its position was kept: the rest comes again.
   * @param kept Rows that are in it.
   * @throws GatewayError `records.file`
   */
  async goOn(bytes: number, kept: number): Promise<void> {
    if (bytes === 0) return;
    this.#kept = kept;
    this.#bytes = bytes;
    try {
      this.#file = await open(this.path, "r+");
      await this.#file.truncate(bytes);
    } catch (cause) {
      throw new GatewayError("records.file", `bad rows cannot be written to ${this.path}`, { cause });
    }
  }

  add({ line, text }: FileRow, reason: string): void {
    if (this.#kept >= MAX_KEPT) return;
    this.#kept++;
    this.#waiting.push(`${line},${csvCell(reason)},${csvCell(text)}\r\n`);
  }

  /** @throws GatewayError `records.file` */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join("");
    this.#waiting = [];
    try {
      if (this.#file === undefined) {
        this.#file = await open(this.path, "w", 0o600);
        await this.#write("line,reason,row\r\n");
      }
      await this.#write(text);
    } catch (cause) {
      throw new GatewayError("records.file", `bad rows cannot be written to ${this.path}`, { cause });
    }
  }

  async #write(text: string): Promise<void> {
    const { bytesWritten } = (await this.#file?.write(text, this.#bytes)) ?? { bytesWritten: 0 };
    this.#bytes += bytesWritten;
  }

  async close(): Promise<void> {
    await this.flush().catch(() => undefined);
    await this.#file?.close();
    this.#file = undefined;
  }
}
