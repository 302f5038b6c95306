import { open, rename } from "node:fs/promises";

const END = /\{"part":"end","parts":(\d+)\}\n$/;
const END_BYTES = 64;
/** Small parts are written together. */
const WRITTEN_CHARS = 262_144;

/**
 * Writes parts as JSON lines. The file is there whole or not at all, also when the process dies in between. Others get their turn
 * between the parts.
 *
 * @throws What the file system throws.
 */
export async function writeParts(path: string, parts: Iterable<unknown>): Promise<void> {
  const file = await open(`${path}.part`, "w", 0o600);
  try {
    let count = 0;
    let text = "";
    for (const part of parts) {
      count++;
      text += `${JSON.stringify(part)}\n`;
      if (text.length < WRITTEN_CHARS) continue;
      await file.write(text);
      text = "";
    }
    await file.write(`${text}${JSON.stringify({ part: "end", parts: count })}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}

/** False: there is none, or it was cut off. */
export async function holdsParts(path: string): Promise<boolean> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, END_BYTES));
    await file.read(tail, 0, tail.length, size - tail.length);
    return END.test(tail.toString("latin1"));
  } finally {
    await file.close();
  }
}

/** The parts of a file that `holdsParts`. @throws What the file system throws; SyntaxError: somebody wrote into it, or took out of it. */
export async function* readParts(path: string): AsyncGenerator {
  const file = await open(path, "r");
  try {
    let count = 0;
    for await (const line of file.readLines()) {
      const [, parts] = END.exec(`${line}\n`) ?? [];
      if (parts !== undefined && Number(parts) !== count) throw new SyntaxError(`${count} parts of ${parts}`);
      if (parts !== undefined) continue;
      yield JSON.parse(line) as unknown;
      count++;
    }
  } finally {
    await file.close();
  }
}
