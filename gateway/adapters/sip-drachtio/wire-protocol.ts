import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** The part of drachtio-srf's lowest layer that is used here; the package declares no types for it. */
export interface WireProtocol {
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly tls?: ConnectionOptions;
    readonly reconnect: { readonly maxAttempts: number };
  }): void;
  /** Writes `LENGTH#msgId|message`. @returns The message id. */
  send(socket: Socket, message: string): string;
  on(event: "connect" | "close", listener: (socket: Socket) => void): void;
  on(event: "error", listener: (error: Error, socket: Socket) => void): void;
}

type WireProtocolClass = new (options: object) => WireProtocol;

/**
 * drachtio-srf's connection layer, one object a connection. Above it we stay by ourselves: its agent reads and writes SIP as
 * UTF-8 text (bodies of other bytes are lost), throws out of the socket's data handler at a bad frame, keeps pending INVITEs by
 * Call-ID alone and comes back over plain TCP after a TLS connection is lost.
 */
export function createWireProtocol(): WireProtocol {
  const require = createRequire(import.meta.url);
  const Class = require("drachtio-srf/lib/wire-protocol.js") as WireProtocolClass;
  return new Class({});
}
