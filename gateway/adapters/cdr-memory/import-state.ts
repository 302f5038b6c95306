import { rm } from "node:fs/promises";
import { GatewayError } from "../../core/errors.js";
import { fail, ok, type Result } from "../../core/result.js";
import { holdsParts, readParts, writeParts } from "./parts-file.js";

export interface FilePlace {
  readonly byte: number;
  readonly line: number;
}

/** How far the import of one file has come. Written beside the file, so that nothing else has to be there to go on. */
export interface ImportHead {
  readonly part: "import";
  readonly version: 2;
  readonly headHash: string;
  /** Of all that decides what a row becomes: the same, or the second half is not of a piece with the first. */
  readonly settingsHash: string;
  readonly next: FilePlace;
  /** Where the ids begin that are remembered: the older generation, the younger one. */
  readonly olderIds: FilePlace;
  readonly youngerIds: FilePlace;
  readonly counts: ImportCounts;
  /** Length of the file of bad rows at that moment. */
  readonly badBytes: number;
  /** Changed settings that the detectors were told of. */
  readonly changes: number;
}

export interface ImportCounts {
  readonly rows: number;
  readonly records: number;
  readonly badRows: number;
  readonly duplicates: number;
  readonly skipped: number;
  readonly findings: number;
  readonly changes: number;
}

export interface StateError {
  /** `import.none`: nothing to go on from. `import.other`: of another file, or of this one before it was changed, or of other options. */
  readonly code: "import.none" | "import.other";
}

/** What an import has to go on from. */
export interface ImportState {
  readonly head: ImportHead;
  /** What the detectors know, as `CdrDetection.save` gives it. To be read once. */
  readonly parts: AsyncIterable<unknown>;
}

export const statePath = (file: string): string => `${file}.import-state.json`;

export async function loadState(
  file: string,
  { headHash, settingsHash, sizeBytes }: Pick<ImportHead, "headHash" | "settingsHash"> & { readonly sizeBytes: number },
): Promise<Result<ImportState, StateError>> {
  const path = statePath(file);
  if (!(await holdsParts(path))) return fail({ code: "import.none" });
  const parts = readParts(path);
  try {
    const first = await parts.next();
    const head = first.done === true ? undefined : (first.value as Partial<ImportHead> | null);
    const fits =
      head?.part === "import" &&
      head.version === 2 &&
      head.headHash === headHash &&
      head.settingsHash === settingsHash &&
      [head.next, head.olderIds, head.youngerIds].every((place) => isPlace(place, sizeBytes)) &&
      head.counts !== undefined;
    if (fits) return ok({ head: head as ImportHead, parts });
  } catch {
    // Not JSON: somebody else's file.
  }
  await parts.return(undefined);
  return fail({ code: "import.other" });
}

const isPlace = (place: Partial<FilePlace> | undefined, sizeBytes: number): boolean =>
  Number.isSafeInteger(place?.byte) && Number.isSafeInteger(place?.line) && (place?.byte ?? Infinity) <= sizeBytes;

/** Whole or not at all. @throws GatewayError `records.file` */
export async function saveState(file: string, head: ImportHead, parts: Iterable<unknown>): Promise<void> {
  try {
    await writeParts(statePath(file), withHead(head, parts));
  } catch (cause) {
    throw new GatewayError("records.file", "how far the import has come cannot be written beside the file", { cause });
  }
}

function* withHead(head: ImportHead, parts: Iterable<unknown>): Generator {
  yield head;
  yield* parts;
}

export const dropState = (file: string): Promise<void> => rm(statePath(file), { force: true });
