import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../../core/errors.js";
import type { Vault } from "../../ports/vault.js";
import { JobFiles } from "./job-files.js";

const ID = /^[0-9a-f]{32}$/;

/** The files of jobs, `FOLDER/ID/…`. */
export class RecordingFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param vault Of that job: what it seals no other's opens. */
  job(id: string, vault: Pick<Vault, "seal" | "open">): JobFiles {
    return new JobFiles(this.#of(id), id, vault);
  }

  /** None of its files was changed since: what is appended to one changes that one only, not the folder. @param before Since the epoch, ms. */
  async isOlder(id: string, before: number): Promise<boolean> {
    const folder = this.#of(id);
    const names = await readdir(folder).catch(() => []);
    for (const path of [folder, ...names.map((name) => join(folder, name))]) {
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      if (mtimeMs >= before) return false;
    }
    return true;
  }

  async remove(id: string): Promise<void> {
    await rm(this.#of(id), { recursive: true, force: true });
  }

  /** Ids that have files. */
  async ids(): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.filter((name) => ID.test(name));
  }

  /** Bytes of all files. */
  async usedBytes(): Promise<number> {
    let sum = 0;
    for (const id of await this.ids()) sum += await this.bytesOf(id);
    return sum;
  }

  async bytesOf(id: string): Promise<number> {
    let sum = 0;
    for (const name of await readdir(this.#of(id)).catch(() => [])) {
      sum += await stat(join(this.#of(id), name)).then(
        ({ size }) => size,
        () => 0,
      );
    }
    return sum;
  }

  #of(id: string): string {
    if (!ID.test(id)) throw new GatewayError("recording.invalid", "no id of a job");
    return join(this.#folder, id);
  }
}
