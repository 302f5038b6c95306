import { statSync, type BigIntStats } from "node:fs";

/** A file that a command was given, and what it was given as. */
export interface GivenFile {
  readonly as: string;
  readonly path: string | undefined;
}

/**
 * Before anything is written: is an output one of the inputs, by whichever name or link? Reading what is being written never ends,
 * or destroys what was to be read.
 *
 * @returns What to say of it; undefined: all of them are others.
 */
export function writtenOverInput(outputs: readonly GivenFile[], inputs: readonly GivenFile[]): string | undefined {
  const read = inputs.map((input) => ({ ...input, file: fileAt(input.path) }));
  for (const output of outputs) {
    const file = fileAt(output.path);
    if (file === undefined) continue;
    const same = read.find((input) => input.file?.ino === file.ino && input.file.dev === file.dev);
    if (same !== undefined) return `${output.as} ${output.path ?? ""}: that is ${same.as}, it would be written over`;
  }
  return undefined;
}

/** What is written to a file that has its name only once it is whole, is at first under this one. */
export const unfinishedName = (out: string): string => `${out}.part`;

/** `--out`, under both its names. */
export const outFiles = (out: string | undefined): readonly GivenFile[] =>
  out === undefined
    ? []
    : [
        { as: "--out", path: out },
        { as: "--out is begun in", path: unfinishedName(out) },
      ];

/** Behind links. Terminals, pipes and /dev/null may be both. */
function fileAt(path: string | undefined): BigIntStats | undefined {
  if (path === undefined) return undefined;
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found?.isFile() === true ? found : undefined;
  } catch {
    return undefined; // What is to be opened there says why it cannot be.
  }
}
