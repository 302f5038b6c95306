export interface EnergyGateOptions {
  /** So much above the noise opens the gate, dB. */
  readonly aboveNoiseDb: number;
  /** Below it nothing opens the gate, dB of full scale. */
  readonly quietestDb: number;
  /** Above it everything does, however loud the noise is taken for. */
  readonly loudestNoiseDb: number;
  /** The gate stays open for so long after the last loud frame, ms: what the end of speech is told by. */
  readonly holdMs: number;
}

export const DEFAULT_ENERGY_GATE: EnergyGateOptions = {
  aboveNoiseDb: 7,
  quietestDb: -52,
  loudestNoiseDb: -20,
  holdMs: 400,
};

/** The noise is the quietest frame of the last one to two such spans, ms: talk has a pause in each. */
const FLOOR_SPAN_MS = 2_000;
/** Digital silence says nothing of the noise that comes after it, dB. */
const LOWEST_FLOOR_DB = -70;

/**
 * Lets through what may be speech, judged by the level of the coded frames alone, so that silence is never decoded. Follows the
 * noise of its stream. Event time only; one instance a stream.
 */
export class EnergyGate {
  readonly #options: EnergyGateOptions;
  #quietestNowDb = Infinity;
  /** At first the line is taken for quiet: a call may begin with talk. */
  #quietestBeforeDb = LOWEST_FLOOR_DB;
  #spanMs = 0;
  #holdMs = 0;

  constructor(options: EnergyGateOptions = DEFAULT_ENERGY_GATE) {
    this.#options = options;
  }

  /** The level that noise is taken to have, dB of full scale. */
  get floorDb(): number {
    const floor = Math.min(this.#quietestNowDb, this.#quietestBeforeDb);
    return Math.min(this.#options.loudestNoiseDb, Math.max(LOWEST_FLOOR_DB, floor));
  }

  /**
   * Takes the level of the next frame.
   * @param speaking Somebody is known to speak on this stream: the gate stays open and learns nothing of the noise.
   * @returns Is the gate open for this frame?
   */
  push(levelDb: number, frameMs: number, speaking: boolean): boolean {
    const { aboveNoiseDb, quietestDb, holdMs } = this.#options;
    const isLoud = levelDb > Math.max(quietestDb, this.floorDb + aboveNoiseDb);
    if (!speaking || !isLoud) this.#learn(levelDb, frameMs);
    this.#holdMs = isLoud ? holdMs : Math.max(0, this.#holdMs - frameMs);
    return speaking || this.#holdMs > 0;
  }

  #learn(levelDb: number, frameMs: number): void {
    this.#quietestNowDb = Math.min(this.#quietestNowDb, levelDb);
    this.#spanMs += frameMs;
    if (this.#spanMs < FLOOR_SPAN_MS) return;
    this.#quietestBeforeDb = this.#quietestNowDb;
    this.#quietestNowDb = Infinity;
    this.#spanMs = 0;
  }
}
