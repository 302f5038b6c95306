import type { JournalEntry } from "../../ports/dialog-journal.js";
import { decodeLine } from "./journal-line.js";
import type { JournalFiles } from "./journal-files.js";
import { LastEntries } from "./last-entries.js";

export interface JournalContents {
  /** Of calls that had not ended: the last entry of each kind, call by call in the order in which they began. */
  readonly entries: readonly JournalEntry[];
  /** Lines that were cut off or altered. */
  readonly broken: number;
}

const LF = 0x0a;
/** No entry of ours is longer; a damaged file without line ends must not fill memory. */
const MAX_LINE_BYTES = 1024 * 1024;

/** Reads what a process before us left. A missing file is an empty one. */
export async function readJournal(files: JournalFiles, path: string): Promise<JournalContents> {
  const open = new LastEntries<JournalEntry>();
  let broken = 0;
  let rest: Buffer = Buffer.alloc(0);
  const take = (line: Buffer): void => {
    const entry = decodeLine(line);
    if (entry === undefined) broken++;
    else if (entry.kind === "ended") open.end(entry.callId);
    else open.put(entry.kind, entry.callId, entry);
  };
  try {
    for await (const chunk of files.read(path)) {
      let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF)) {
        take(data.subarray(0, end));
        data = data.subarray(end + 1);
      }
      rest = data.length > MAX_LINE_BYTES ? data.subarray(0, MAX_LINE_BYTES) : data;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (rest.length > 0) broken++;
  return { entries: open.values(), broken };
}
