import type { SavedAddresses } from "./address-book.js";
import type { SavedInternational } from "./detectors/international.js";
import type { SavedWangiri } from "./detectors/ranges.js";
import type { SavedTraffic } from "./detectors/site-traffic.js";
import type { SavedTime } from "./event-time.js";
import type { SavedIncidents } from "./incident-book.js";
import type { SavedRanges } from "./range-book.js";
import type { SavedUsers } from "./user-book.js";

/** Parts of a saved detection have so many users, ranges, rows or incidents at most: one takes a few milliseconds to write. */
export const PART_SIZE = 200;

/**
 * What detectors know, in parts that are plain data: all of it, so that detectors which take the parts up go on as if nothing had
 * been. The first is the head; the order matters.
 */
export type SavedPart =
  | (SavedTime & { readonly part: "head"; readonly version: 2; readonly sweptAt: number })
  | { readonly part: "users"; readonly users: SavedUsers }
  | { readonly part: "ranges"; readonly book: RangeBookName; readonly ranges: SavedRanges }
  | { readonly part: "incidents"; readonly incidents: SavedIncidents }
  | { readonly part: "traffic"; readonly sites: SavedTraffic }
  | { readonly part: "addresses"; readonly addresses: SavedAddresses }
  | { readonly part: "suspects"; readonly wangiri: SavedWangiri }
  | { readonly part: "rows"; readonly rows: readonly (readonly number[])[] }
  | { readonly part: "international"; readonly international: SavedInternational };

export type RangeBookName = "foreign" | "domestic" | "rung";
