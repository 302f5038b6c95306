import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of `sizeKiB`, mounted for one test; or why there is none (it needs root and mount). */
export function smallDisk(sizeKiB: number): { readonly path: string; readonly remove: () => void } | string {
  const path = mkdtempSync(join(tmpdir(), "ringfence-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeKiB}k,mode=0700`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    rmSync(path, { recursive: true });
    return "no right to mount a small file system here";
  }
  return {
    path,
    remove: () => {
      execFileSync("umount", ["-l", path], { stdio: "ignore" });
      rmSync(path, { recursive: true, force: true });
    },
  };
}
