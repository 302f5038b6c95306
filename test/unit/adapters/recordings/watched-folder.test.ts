import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { UnreadableFile, WatchedFolder } from "../../../../gateway/adapters/recording-folder/watched-folder.js";
import { temporaryFolder } from "../../../support/processes.js";

const root = temporaryFolder("watched-folder");
after(() => root.remove());

const SWAPS: readonly { readonly name: string; readonly swap: (path: string) => void; readonly isSame?: boolean }[] = [
  { name: "itself", swap: () => undefined, isSame: true },
  { name: "gone", swap: (path) => rmSync(path) },
  {
    name: "a link to a file of ours",
    swap: (path) => {
      writeFileSync(join(root.path, "secret"), "SECRET");
      rmSync(path);
      symlinkSync(join(root.path, "secret"), path);
    },
  },
  {
    name: "a pipe that nobody writes to",
    swap: (path) => {
      rmSync(path);
      execFileSync("mkfifo", [path]);
    },
  },
  {
    name: "a folder",
    swap: (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  },
  {
    name: "another file of the same length",
    swap: (path) => {
      writeFileSync(`${path}.new`, "other");
      renameSync(`${path}.new`, path);
    },
  },
];
for (const { name, swap, isSame = false } of SWAPS) {
  test(`a file that by the time it is opened is ${name}: ${isSame ? "read" : "left alone"}`, async () => {
    const folder = join(root.path, name.replaceAll(" ", "-"));
    mkdirSync(folder);
    const path = join(folder, "a.wav");
    writeFileSync(path, "sound");
    const watched = new WatchedFolder(folder);
    await watched.look();
    const [found] = await watched.look();
    assert.ok(found !== undefined);
    swap(path);
    const file = await found.open();
    if (isSame) assert.equal(await file?.readFile("utf8"), "sound");
    else assert.equal(file, undefined);
    await file?.close();
  });
}

test("a file that cannot be opened is that file's failure, not the folder's", async () => {
  const folder = join(root.path, "unreadable");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.wav"), "sound");
  // ENOTDIR: whoever runs the tests may be root, whom no mode keeps out.
  const watched = new WatchedFolder(folder);
  await watched.look();
  const [found] = await watched.look();
  assert.ok(found !== undefined);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "no folder any more");
  await assert.rejects(found.open(), UnreadableFile);
});

test("of more files than one look has, all are taken in their turn, new ones too, and each once", async () => {
  const folder = join(root.path, "many");
  mkdirSync(folder);
  const name = (index: number): string => `call-${String(index).padStart(2, "0")}`;
  for (let i = 0; i < 10; i += 2) writeFileSync(join(folder, `${name(i)}.wav`), "sound");
  writeFileSync(join(folder, "notes.txt"), "no recording");
  const watched = new WatchedFolder(folder, { most: 2 });
  const taken: string[] = [];
  const looks = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      const found = await watched.look();
      assert.ok(found.length <= 2);
      for (const each of found) {
        watched.taken(each);
        taken.push(each.name);
      }
    }
  };
  await looks(6);
  assert.deepEqual(taken, [0, 2, 4, 6, 8].map(name));
  assert.equal(watched.files, 5);
  for (const i of [1, 5, 9]) writeFileSync(join(folder, `${name(i)}.wav`), "sound");
  await looks(12);
  assert.deepEqual(taken.slice(5).sort(), [1, 5, 9].map(name));
});
