/** To the load generator. */
export type ToGenerator =
  /** Open the ports of so many calls, two each. */
  | { readonly kind: "open"; readonly calls: number }
  /** Send from every port to the place of the same index for `seconds`, 50 packets a second each. */
  | { readonly kind: "run"; readonly places: readonly number[]; readonly seconds: number }
  | { readonly kind: "close" };

export interface LoadFigures {
  readonly sent: number;
  readonly received: number;
  /** From just before a packet was sent to when it was there again. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  /** The system took no more: the generator is too fast for its own sockets. */
  readonly refused: number;
}

export type FromGenerator =
  /** Of each call the port of A, then of B. */
  | { readonly kind: "opened"; readonly ports: readonly number[] }
  | { readonly kind: "ran"; readonly figures: LoadFigures };

/** To the process that runs the relay. */
export type ToHost =
  /** One call for each two ports. */
  | { readonly kind: "carry"; readonly ports: readonly number[]; readonly listen: boolean }
  | { readonly kind: "figures" }
  | { readonly kind: "release" };

export interface HostFigures {
  /** CPU seconds of the thread with the sockets. */
  readonly relayThreadSeconds: number;
  /** Packets that reached the jitter buffers of another thread. */
  readonly heard: number;
  readonly forkDropped: number;
}

export type FromHost =
  | { readonly kind: "ready"; readonly engine: string }
  /** Where each port is to send to. */
  | { readonly kind: "carried"; readonly places: readonly number[]; readonly ownPorts: readonly number[] }
  | { readonly kind: "figures"; readonly figures: HostFigures }
  | { readonly kind: "released" };
