import { holdsParts, readParts, writeParts } from "./parts-file.js";

/** What the detectors of call records know, in a file. Losing it costs a start that reads the store's records again. */
export class DetectionMemory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns The parts as they were saved; undefined: nothing there, or nothing that can be read. */
  async load(): Promise<AsyncIterable<unknown> | undefined> {
    return (await holdsParts(this.#path)) ? readParts(this.#path) : undefined;
  }

  /** Whole or not at all, a few milliseconds at a time. @throws What the file system throws. */
  save(parts: Iterable<unknown>): Promise<void> {
    return writeParts(this.#path, parts);
  }
}
