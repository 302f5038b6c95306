import type { Result } from "../../../core/result.js";
import type { PacketBatch } from "./packet-batch.js";

/** Why a socket could not be had. */
export interface OpenFailure {
  readonly code:
    /** Somebody else has that port. */
    | "in-use"
    /** The address is not one of this machine's. */
    | "not-ours"
    /** No file descriptors or memory left. */
    | "exhausted"
    | "failed";
  /** The system's name for it, `EADDRINUSE`. */
  readonly reason: string;
}

export interface OpenSocket {
  /** Index into whatever its user keeps; small, and used again after `close`. */
  readonly socket: number;
  readonly port: number;
}

/**
 * Called with datagrams that came. Rows 0…count−1 of the batch are good until it returns.
 * It marks what is to be sent (`PacketBatch.send`) and then calls `flush` itself.
 */
export type OnBatch = (count: number) => void;

/**
 * UDP sockets of one thread, handled a batch at a time. Two adapters keep this: `NativeIo` (engines/relay, one system call in and
 * one out a packet), and `NodeIo` (node:dgram, nothing to build, about twice the CPU).
 */
export interface DatagramIo {
  readonly kind: "native" | "node";
  readonly batch: PacketBatch;
  /** @param address IP literal. @param port 0: chosen by the system. */
  open(address: string, port: number): Promise<Result<OpenSocket, OpenFailure>>;
  /** Where what is sent from this socket goes. @returns False when `address` is no IP literal: then it goes nowhere. */
  aim(socket: number, address: string, port: number): boolean;
  /** Sends what is marked in rows 0…count−1. Sockets that are aimed at nobody send nothing. @returns How many the system refused. */
  flush(count: number): number;
  /** One datagram that did not come in this batch. It may be used again at once. @returns Whether the system took it. */
  send(socket: number, packet: Uint8Array): boolean;
  close(socket: number): void;
  /** Closes all sockets. Safe to call twice. */
  dispose(): void;
}

const CODES: Readonly<Record<string, OpenFailure["code"]>> = {
  EADDRINUSE: "in-use",
  // Below 1024 without the right to: as good as taken.
  EACCES: "in-use",
  EADDRNOTAVAIL: "not-ours",
  EMFILE: "exhausted",
  ENFILE: "exhausted",
  ENOBUFS: "exhausted",
  ENOMEM: "exhausted",
};

export const openFailure = (reason: string): OpenFailure => ({ code: CODES[reason] ?? "failed", reason });
