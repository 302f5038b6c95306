import type { Random } from "../../core/random.js";

const PREFIX = "RINGFENCE";
/** In no name of an application (`asterisk.servers[].app`), and nothing that a URL would have to escape. */
const BETWEEN = "~";

/**
 * Ids of the channels and bridges that we make: `RINGFENCE~APP~PROCESS~KIND~7`. Whoever starts later knows by them what a process
 * that is gone has left behind. An application belongs to one gateway: Asterisk gives its events to one WebSocket only.
 */
export class OwnMarks {
  readonly #ofApp: string;
  readonly #ofProcess: string;
  #last = 0;

  constructor(app: string, random: Random) {
    this.#ofApp = [PREFIX, app, ""].join(BETWEEN);
    this.#ofProcess = `${this.#ofApp}${random.token(6)}${BETWEEN}`;
  }

  /** @param kind Letters and digits: `snoop`, `media`. @returns For `snoopId`, `channelId`, `bridgeId` and a bridge's `name`. */
  next(kind: string): string {
    return `${this.#ofProcess}${kind}${BETWEEN}${++this.#last}`;
  }

  /** Of a process of this application that is gone. */
  isLeftOver(id: string): boolean {
    return id.startsWith(this.#ofApp) && !id.startsWith(this.#ofProcess);
  }
}

/** Made by a gateway, whichever: it is no call. */
export const isOwnId = (id: string): boolean => id.startsWith(`${PREFIX}${BETWEEN}`);
