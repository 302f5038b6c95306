/** Counts since the start, and what is held now. */
export interface DetectionStats {
  /** Calls seen, repeats not counted. */
  readonly processed: number;
  /** The same call again: retransmissions, forks, hop and switch both reporting it. */
  readonly repeats: number;
  readonly refused: number;
  readonly incidentsOpened: number;
  readonly openIncidents: number;
  readonly activeBlocks: number;
  /** Called numbers in the window, those gone quiet included until they are cleared. */
  readonly trackedNumbers: number;
  readonly watchedNumbers: number;
  readonly busyNumbers: number;
  /** Windows that reached the plain threshold and were left alone as usual there. */
  readonly leftAlone: number;
  /** Numbers forgotten because the window's table was full there. */
  readonly evictedNumbers: number;
  readonly untrustedTimes: number;
  readonly tableBytes: number;
}
