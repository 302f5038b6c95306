import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";

export interface RoomDeps {
  /** Of all files of recordings. */
  readonly usedBytes: () => Promise<number>;
  /** Of those of one job. */
  readonly bytesOf: (id: string) => Promise<number>;
  /** Removes files that nobody waits for, those of recordings that failed, oldest first. @returns Bytes that are free by it. */
  readonly free: (bytes: number) => Promise<number>;
  /** Is that job's sound still waiting to be heard? */
  readonly isWaiting: (id: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface GrowingHold {
  /** Before each piece. @throws GatewayError `recording.full` · `recording.invalid`: there will never be room for all that came. */
  readonly take: (bytes: number) => Promise<void>;
  /** @param staysBytes How much of it is on the disk now and stays there. */
  readonly end: (staysBytes: number) => void;
}

interface Hold {
  /** Whose files it becomes. */
  readonly id: string;
  /** Theirs before anything of it came. */
  readonly beforeBytes: number;
  bytes: number;
}

/** Looking at 100,000 folders takes a while. */
const USED_FOR_MS = 10_000;

/**
 * How much files of recordings may take. What is under way counts with all that it will be. Decoding frees what it has read, so one job at
 * a time may go beyond the limit with it: files that fill all the room are worked off one by one, and none waits for ever. Files of recordings
 * that failed are kept for a retry while nobody needs their room.
 */
export class RecordingsRoom {
  readonly #limitBytes: number;
  readonly #deps: RoomDeps;
  #used: { readonly at: number; readonly bytes: number } | undefined;
  readonly #holds = new Set<Hold>();
  #beyond: string | undefined;
  #toldFull = false;
  #looking: Promise<void> = Promise.resolve();
  #nothingFree = false;

  constructor(limitBytes: number, deps: RoomDeps) {
    this.#limitBytes = limitBytes;
    this.#deps = deps;
  }

  async isFull(): Promise<boolean> {
    await this.#look(1);
    const isFull = this.#taken >= this.#limitBytes;
    if (isFull && !this.#toldFull) this.#deps.log.warn("recordings.spool-full", { limitBytes: this.#limitBytes });
    this.#toldFull = isFull;
    return isFull;
  }

  /**
   * @param id Of the job whose files they become. @param bytes That will come. @returns Call it when they are there, or will not come.
   * @throws GatewayError `recording.full` · `recording.invalid`: there will never be room for that.
   */
  async hold(id: string, bytes: number): Promise<() => void> {
    if (bytes > this.#limitBytes)
      throw new GatewayError("recording.invalid", "it is larger than recordings.spoolLimitBytes");
    const beforeBytes = await this.#deps.bytesOf(id);
    await this.#look(bytes);
    if (this.#taken + bytes > this.#limitBytes) throw full();
    return this.#hold({ id, beforeBytes, bytes });
  }

  /** The same for what is decoded. @throws GatewayError `recording.full` */
  async holdDecoded(id: string, bytes: number): Promise<() => void> {
    const beforeBytes = await this.#deps.bytesOf(id);
    await this.#look(bytes);
    if (this.#taken + bytes > this.#limitBytes) {
      const other = this.#beyond;
      if (other !== undefined && other !== id && (await this.#deps.isWaiting(other))) throw full();
      // Somebody may have come while we looked.
      if (this.#beyond !== other) throw full();
      this.#beyond = id;
    }
    return this.#hold({ id, beforeBytes, bytes });
  }

  /** The same for what comes piece by piece, and nobody says how long it will be. @param id Of files that are not there yet. */
  holdGrowing(id: string): GrowingHold {
    const hold: Hold = { id, beforeBytes: 0, bytes: 0 };
    this.#holds.add(hold);
    return {
      take: async (bytes) => {
        if (hold.bytes + bytes > this.#limitBytes)
          throw new GatewayError(
            "recording.invalid",
            "while it comes in it takes more than recordings.spoolLimitBytes",
          );
        await this.#look(bytes);
        if (this.#taken + bytes > this.#limitBytes) throw full();
        hold.bytes += bytes;
      },
      end: (staysBytes) => this.#end(hold, staysBytes),
    };
  }

  #hold(hold: Hold): () => void {
    this.#holds.add(hold);
    return () => this.#end(hold, hold.bytes);
  }

  /** What stays is on the disk now, until it is looked at again. */
  #end(hold: Hold, staysBytes: number): void {
    if (!this.#holds.delete(hold)) return;
    if (this.#used !== undefined) this.#used = { ...this.#used, bytes: this.#used.bytes + staysBytes };
  }

  /** Without a wait between it and what is held by it: two who looked at once would both find the room that is there for one. */
  get #taken(): number {
    let bytes = this.#used?.bytes ?? 0;
    for (const hold of this.#holds) bytes += hold.bytes;
    return bytes;
  }

  /**
   * One after the other: two would each remove what is enough for both, and what the later had measured would not know of what was removed.
   * @param bytes Room is made for so many where there is none.
   */
  #look(bytes: number): Promise<void> {
    const own = this.#looking.then(() => this.#lookAlone(bytes));
    this.#looking = own.catch(() => undefined);
    return own;
  }

  async #lookAlone(bytes: number): Promise<void> {
    const { clock } = this.#deps;
    if (this.#used === undefined || clock.mono() - this.#used.at > USED_FOR_MS) {
      this.#used = { at: clock.mono(), bytes: await this.#usedByOthers() };
      this.#nothingFree = false;
    }
    if (this.#taken + bytes > this.#limitBytes && !this.#nothingFree)
      await this.#free(this.#taken + bytes - this.#limitBytes);
  }

  /** On the disk, without what has come of that which counts already, as it is held. */
  async #usedByOthers(): Promise<number> {
    const { usedBytes, bytesOf } = this.#deps;
    const came = new Map<Hold, number>();
    // Before all is counted: what comes meanwhile may count twice for these seconds, not too little.
    for (const hold of this.#holds) came.set(hold, (await bytesOf(hold.id)) - hold.beforeBytes);
    let bytes = await usedBytes();
    for (const hold of this.#holds) bytes -= Math.min(hold.bytes, Math.max(0, came.get(hold) ?? 0));
    return Math.max(0, bytes);
  }

  async #free(bytes: number): Promise<void> {
    const freed = await this.#deps.free(bytes);
    // Until the disk is looked at again.
    this.#nothingFree = freed < bytes;
    if (this.#used !== undefined) this.#used = { ...this.#used, bytes: Math.max(0, this.#used.bytes - freed) };
    if (freed > 0) this.#deps.log.info("recordings.spool-freed", { bytes: freed });
  }
}

const full = (): GatewayError =>
  new GatewayError("recording.full", "files of recordings that wait take recordings.spoolLimitBytes");
