import { setImmediate as nextTurn } from "node:timers/promises";
import { CdrDetection, type CdrDetectionOptions, type SavedPart } from "../../detection/index.js";
import type { DetectionMemory } from "../adapters/cdr-memory/detection-memory.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { UnixMs } from "../core/time.js";
import type { SavedIds } from "../pipeline/records/recent-ids.js";

/** Detectors as they were saved. */
export interface Recalled {
  readonly detection: CdrDetection;
  readonly ids: readonly SavedIds[];
  /** By the records' time. */
  readonly savedAt: number;
}

/**
 * What was saved, whole or not at all: half of it would be taken for all that was ever seen.
 *
 * @param until What was saved of a later time is of a clock that was wrong.
 * @returns Undefined: nothing was saved, or nothing that can be used; the log says which.
 * @throws GatewayError `config.invalid`
 */
export async function recall(
  memory: DetectionMemory,
  options: CdrDetectionOptions,
  until: UnixMs,
  log: Log,
): Promise<Recalled | undefined> {
  const detection = detectionOf(options);
  const ids: SavedIds[] = [];
  let savedAt: number | undefined;
  try {
    for await (const part of (await memory.load()) ?? []) {
      const saved = part as SavedPart | SavedIds;
      if (saved.part === "head" && saved.at > until) {
        log.warn("records.memory-of-the-future");
        return undefined;
      }
      if (saved.part === "ids") ids.push({ ...saved, ids: saved.ids.map(String) });
      else if (!detection.load(saved))
        throw new TypeError(`a part that is not known here: ${(saved as { readonly part: string }).part}`);
      else if (saved.part === "head") savedAt = saved.at;
    }
  } catch (error) {
    log.error("records.memory-unreadable", {}, error);
    return undefined;
  }
  return savedAt === undefined ? undefined : { detection, ids, savedAt };
}

/** @throws GatewayError `config.invalid` */
export function detectionOf(options: CdrDetectionOptions): CdrDetection {
  const detection = CdrDetection.of(options);
  if (detection.ok) return detection.value;
  const { code, site, text } = detection.error;
  throw new GatewayError("config.invalid", `records.sites.${site}: ${code} ${text}`);
}

/** A tree of the forest a turn of the event loop: requests and alerts wait for no more than that. */
export async function growInTurns(detection: CdrDetection): Promise<void> {
  while (detection.grows) {
    detection.grow();
    await nextTurn();
  }
}
