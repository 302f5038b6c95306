import type { z } from "zod";
import { bytesOf, UnreadableFile, WatchedFolder, type FoundFile } from "../adapters/recording-folder/watched-folder.js";
import type { RecordingDownload } from "../adapters/recording-download/download.js";
import { recordingOrder } from "../api/schemas/recordings.js";
import type { RecordingsConfig } from "../config/recordings-schema.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import { sensitiveNumber, type Log } from "../core/log.js";
import { monoMs } from "../core/time.js";
import type { RecordingDesk } from "../ports/recordings.js";

export interface IntakeDeps {
  readonly desk: RecordingDesk;
  readonly download: RecordingDownload;
  readonly clock: Clock;
  readonly log: Log;
  /** Files of the folder that one look has. Default: as `WatchedFolder`. */
  readonly filesALook?: number | undefined;
  /** As numbers are written here. */
  readonly canonical: (number: string) => Promise<string>;
}

const MAX_LIST_BYTES = 4_194_304;
const MAX_ITEMS = 10_000;
const MAX_CALL_ID = 256;
const FOLDER_PRIORITY = 3;
/** What the webhook takes, behind it where the list does not say otherwise. */
const listed = recordingOrder.extend({ priority: recordingOrder.shape.priority.unwrap().default(FOLDER_PRIORITY) });
const FINAL: ReadonlySet<string> = new Set(["recording.invalid", "recording.deleted"]);
const PASSED_OVER: ReadonlySet<string> = new Set(["recording.refused", "recording.deleted"]);

/** Looks into the watched folder and asks the other system, again and again; one look at a time. */
export class RecordingsIntake {
  readonly #config: RecordingsConfig;
  readonly #deps: IntakeDeps;
  readonly #stop = new AbortController();
  readonly #cancels = new Set<() => void>();
  #looking: Promise<unknown>[] = [];
  #told = "";
  #isLarge = false;
  readonly #toldEndings = new Set<string>();
  /** Files that could not be read the last time. */
  #unreadable = new Set<string>();
  /** Entries of the list that were refused the last time: told once, not with every look. */
  #refused = new Set<string>();

  constructor(config: RecordingsConfig, deps: IntakeDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  start(): void {
    const { folder, poll } = this.#config;
    if (folder.path !== undefined) {
      const watched = new WatchedFolder(folder.path, { most: this.#deps.filesALook });
      this.#repeat("folder", folder.everyMs, () => this.#look(watched));
    }
    const { url } = poll;
    if (url !== undefined) this.#repeat("poll", poll.everyMs, () => this.#ask(url));
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    this.#stop.abort(new GatewayError("backoffice.lost", "closing"));
    for (const cancel of this.#cancels) cancel();
    await Promise.all(this.#looking);
  }

  #repeat(what: string, everyMs: number, work: () => Promise<void>): void {
    const { clock, log } = this.#deps;
    let failing = false;
    const once = async (): Promise<void> => {
      try {
        await work();
        if (failing) log.info("recordings.intake-recovered", { what });
        failing = false;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!failing) log.warn("recordings.intake-failed", { what, reason: reasonOf(error) });
        failing = true;
      }
    };
    const again = (): void => {
      const cancel = clock.callAt(monoMs(clock.mono() + everyMs), () => {
        this.#cancels.delete(cancel);
        const looking = once().then(() => {
          this.#looking = this.#looking.filter((each) => each !== looking);
          if (!this.#stop.signal.aborted) again();
        });
        this.#looking.push(looking);
      });
      this.#cancels.add(cancel);
    };
    again();
  }

  async #look(watched: WatchedFolder): Promise<void> {
    const unreadable = new Set<string>();
    const all = await watched.look();
    this.#tellLarge(watched);
    this.#tellPassedOver(watched);
    for (const found of all) {
      this.#stop.signal.throwIfAborted();
      try {
        if (await this.#take(found)) watched.taken(found);
      } catch (error) {
        // That one file only: it is tried again with the next look, and the others are not kept waiting.
        if (error instanceof UnreadableFile) {
          this.#tellUnreadable(found, error, unreadable);
          continue;
        }
        // Too large, empty, or deleted here: it will not get better. All else is tried again with the next look.
        if (!(error instanceof GatewayError) || !FINAL.has(error.code)) throw error;
        if (error.code === "recording.invalid")
          this.#deps.log.warn("recordings.folder-refused", { reason: error.message });
        watched.taken(found);
      }
    }
    this.#unreadable = unreadable;
  }

  /** Once: nothing is lost, but a new file waits for the others to have had their turn. */
  #tellLarge({ files, most }: WatchedFolder): void {
    if (files > most && !this.#isLarge) this.#deps.log.warn("recordings.folder-large", { files, aLook: most });
    this.#isLarge = files > most;
  }

  /** Each ending once: where recordings have one that is not known, they would be waited for in vain. */
  #tellPassedOver({ passedOver }: WatchedFolder): void {
    const endings = [...passedOver].filter((ending) => !this.#toldEndings.has(ending));
    for (const ending of endings) this.#toldEndings.add(ending);
    if (endings.length > 0) this.#deps.log.info("recordings.folder-passed-over", { endings: endings.join(" ") });
  }

  /** Once, not with every look. Names may hold numbers: what is told stands for the name, and how long the file is helps to find it. */
  #tellUnreadable({ identity, name, bytes }: FoundFile, error: UnreadableFile, unreadable: Set<string>): void {
    if (!this.#unreadable.has(identity)) {
      const fields = { reason: reasonOf(error.cause), file: sensitiveNumber(name), bytes };
      this.#deps.log.warn("recordings.folder-unreadable", fields);
    }
    unreadable.add(identity);
  }

  /** @returns False: it is another one by now, or gone. */
  async #take(found: FoundFile): Promise<boolean> {
    const file = await found.open();
    if (file === undefined) return false;
    try {
      const order = { callId: found.name.slice(0, MAX_CALL_ID), origin: "folder", priority: FOLDER_PRIORITY } as const;
      await this.#deps.desk.upload(order, bytesOf(file), found.identity);
      return true;
    } finally {
      await file.close();
    }
  }

  async #ask(url: string): Promise<void> {
    const answer = await this.#deps.download.fetch(url, { bytes: 0, validator: undefined }, this.#stop.signal, "list");
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.bytes) {
      bytes += chunk.byteLength;
      if (bytes > MAX_LIST_BYTES) throw new GatewayError("recording.invalid", "the list is too large");
      chunks.push(chunk);
    }
    const items = itemsOf(Buffer.concat(chunks).toString("utf8"));
    const passedOver: PassedOver = { none: 0, example: undefined, beyond: Math.max(0, items.length - MAX_ITEMS) };
    const refused = new Set<string>();
    for (const item of items.slice(0, MAX_ITEMS)) {
      const read = listed.safeParse(item);
      this.#stop.signal.throwIfAborted();
      if (read.success) await this.#addListed(read.data, refused);
      else {
        passedOver.none++;
        passedOver.example ??= read.error.issues[0]?.path.map(String).join(".");
      }
    }
    this.#refused = refused;
    this.#tell(passedOver);
  }

  /** @param refused Gets what is refused. */
  async #addListed(item: z.output<typeof listed>, refused: Set<string>): Promise<void> {
    const { desk, canonical, log } = this.#deps;
    const { call_id: callId, recording_url: source, caller, called, language, speakers, priority } = item;
    try {
      await desk.add({
        ...{ callId, source, origin: "poll", priority },
        ...(caller === undefined ? {} : { caller: await canonical(caller) }),
        ...(called === undefined ? {} : { called: await canonical(called) }),
        ...(language === undefined ? {} : { language }),
        ...(speakers === undefined ? {} : { speakers }),
      });
    } catch (error) {
      if (!(error instanceof GatewayError) || !PASSED_OVER.has(error.code)) throw error;
      if (error.code !== "recording.refused") return;
      const entry = `${callId}\n${source}`;
      if (!this.#refused.has(entry)) log.warn("recordings.poll-refused", { reason: error.message });
      refused.add(entry);
    }
  }

  /** Once, not with every look. */
  #tell(passedOver: PassedOver): void {
    const { none, example, beyond } = passedOver;
    const told = `${none} ${beyond}`;
    if (told !== this.#told && none + beyond > 0)
      this.#deps.log.warn("recordings.poll-passed-over", { none, field: example, beyond });
    this.#told = told;
  }
}

interface PassedOver {
  /** Entries that are no recordings. */
  none: number;
  /** Which field of the first of them is wrong. */
  example: string | undefined;
  /** Entries that come after the most that are read. */
  beyond: number;
}

/** @throws GatewayError `recording.invalid`: no list at all. */
function itemsOf(text: string): readonly unknown[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError("recording.invalid", "the list is no JSON", { cause });
  }
  const list: unknown = Array.isArray(read) ? read : (read as { recordings?: unknown } | null)?.recordings;
  if (!Array.isArray(list)) throw new GatewayError("recording.invalid", "the list is no array");
  return list;
}

const reasonOf = (error: unknown): string => {
  if (error instanceof GatewayError) return error.code;
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
};
