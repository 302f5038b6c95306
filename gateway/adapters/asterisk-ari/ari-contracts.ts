import { GatewayError } from "../../core/errors.js";

/** The parts of Asterisk's ARI models that are used; test/e2e compares them with the API description that the running Asterisk serves. */
export interface AriCallerId {
  readonly name: string;
  readonly number: string;
}

export interface AriDialplan {
  readonly context: string;
  readonly exten: string;
  readonly priority: number;
  /** The application that runs; legs that others dialled have `AppDial`. */
  readonly app_name?: string;
  readonly app_data?: string;
}

export interface AriChannel {
  /** Asterisk's unique id. */
  readonly id: string;
  readonly name: string;
  /** `Down`, `Rsrved`, `OffHook`, `Dialing`, `Ring`, `Ringing`, `Up`, `Busy`, `Dialing Offhook`, `Pre-ring`, `Unknown`. */
  readonly state: string;
  /** SIP's Call-ID; empty in a channel's first event, and where there is none. */
  readonly protocol_id?: string;
  readonly caller: AriCallerId;
  readonly connected: AriCallerId;
  readonly accountcode: string;
  readonly dialplan: AriDialplan;
  /** `2026-11-30T00:14:30.750+0000` */
  readonly creationtime: string;
  readonly language: string;
  readonly channelvars?: Readonly<Record<string, string>>;
}

export interface AriBridge {
  readonly id: string;
  readonly name: string;
  readonly creator: string;
  readonly channels: readonly string[];
}

export interface AriPlayback {
  readonly id: string;
  readonly state: string;
  readonly target_uri: string;
}

/** An event as it came, read no further than its `type`. */
export interface AriEvent {
  readonly type: string;
  readonly timestamp?: string;
  readonly application?: string;
  readonly channel?: AriChannel;
  readonly bridge?: AriBridge;
  readonly playback?: AriPlayback;
  readonly [member: string]: unknown;
}

export interface AriRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Under the base URL, with parameters in place: `/channels/1234/snoop`. Encode ids. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Goes before what waits: orders that end calls. */
  readonly urgent?: boolean;
}

/** The `cause` of an `ari.rejected`. */
export interface AriRefusal {
  /** HTTP status, 400–499. */
  readonly status: number;
  /** Asterisk's words. */
  readonly said: string;
}

/** @returns What Asterisk answered, from an `ari.rejected`; undefined: another error. */
export function refusalOf(error: unknown): AriRefusal | undefined {
  if (!(error instanceof GatewayError) || error.code !== "ari.rejected") return undefined;
  return error.cause as AriRefusal;
}

/** It is not there, or not any more. */
export const isGone = (error: unknown): boolean => refusalOf(error)?.status === 404;

/** The way to one Asterisk: REST requests, and its events while the WebSocket is up. */
export interface AriLink {
  /** `asterisk.servers[].id`. */
  readonly serverId: string;
  readonly app: string;
  /** False: the WebSocket is down; it is being connected again. */
  readonly up: boolean;
  /** When that Asterisk was last heard of, on the clock's `mono`; undefined: nobody knows. */
  readonly heardAtMs?: number | undefined;
  /**
   * @returns The answer's JSON; undefined where it has none.
   * @throws GatewayError `ari.unavailable` (no answer in time, 5xx, too many requests wait), `ari.rejected` (4xx: `refusalOf`), `ari.credentials` (401).
   */
  request(order: AriRequest, signal?: AbortSignal): Promise<unknown>;
  /** Told of every event in order, after `onUp`. Must not throw. @returns Stops it. */
  onEvent(listener: (event: AriEvent) => void): () => void;
  /**
   * The WebSocket is up, for the first time or again, or events were lost in a flood (`up` was true all the time): what was known
   * may have changed meanwhile. @returns Stops it.
   */
  onUp(listener: () => void): () => void;
  onDown(listener: () => void): () => void;
}
