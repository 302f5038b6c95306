/** One address of the relay's. */
export interface RelayAddress {
  /** IP literal to bind. */
  readonly address: string;
  /** Written into session descriptions instead, where peers reach us under another address. */
  readonly advertised?: string | undefined;
}

/** As the configuration has it (`media.relay`). */
export interface MediaRelayOptions {
  /** One for IPv4, one for IPv6, or both; of one family the first counts. */
  readonly addresses: readonly RelayAddress[];
  /** First and last port for media; 0 and 0: the system chooses. */
  readonly portRange: { readonly from: number; readonly to: number };
  /** Ports rest for so long before another call gets them, ms. */
  readonly quarantineMs: number;
  /** A call without a packet for so long is dead, ms; 0: never. */
  readonly idleMs: number;
  /** `auto`: the native engine where it was built, else node:dgram. */
  readonly engine: "auto" | "native" | "node";
}

/** What the worker finds in `workerData`. */
export interface RelayWorkerData {
  readonly options: MediaRelayOptions;
  /** Of the packet ring; undefined: nobody listens. */
  readonly ring: SharedArrayBuffer | undefined;
  /** The compiled engine; undefined: there is none. */
  readonly engineFile: string | undefined;
}
