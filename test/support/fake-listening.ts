import assert from "node:assert/strict";
import type { Speaker } from "../../detection/index.js";
import { GatewayError, type ErrorCode } from "../../gateway/core/errors.js";
import type { PayloadFormat } from "../../gateway/core/payload-format.js";
import type { HeardStream, HeardStreams } from "../../gateway/ports/heard-streams.js";
import type { HeardCall, Listening } from "../../gateway/ports/listening.js";
import type { MediaReceiver, ReceiveOptions, ReceivingPort } from "../../gateway/ports/media-receiver.js";

/** Which calls are heard, and on which streams. Keeps the order that the ports ask for: a stream only inside an open call. */
export class FakeListening implements Listening, HeardStreams {
  readonly ok = true;
  readonly detail = "fake";
  /** Every call that was ever opened, in order. */
  readonly calls: HeardCall[] = [];
  readonly streams = new Map<number, HeardStream & { formats: readonly PayloadFormat[] }>();
  /** Streams that were ever opened. */
  opened = 0;
  /** No room for further streams from now on. */
  full = false;
  readonly #open = new Map<string, HeardCall>();

  /** Calls that are heard now. */
  get openCalls(): readonly string[] {
    return [...this.#open.keys()];
  }

  open(call: HeardCall): undefined;
  open(stream: HeardStream): number | undefined;
  open(what: HeardCall | HeardStream): number | undefined {
    if ("speaker" in what) return this.#openStream(what);
    this.#openCall(what);
    return undefined;
  }

  close(what: string | number): void {
    if (typeof what === "number") assert.ok(this.streams.delete(what), `stream ${what} is not open`);
    else {
      assert.ok(this.#open.delete(what), `call ${what} is not open`);
      const left = [...this.streams.values()].filter(({ callId }) => callId === what);
      assert.equal(left.length, 0, "streams outlive their call");
    }
  }

  change(streamId: number, formats: readonly PayloadFormat[]): void {
    const stream = this.streams.get(streamId);
    assert.ok(stream !== undefined, `stream ${streamId} is not open`);
    this.streams.set(streamId, { ...stream, formats });
  }

  risk(): void {
    // Nothing to be told of.
  }

  /** Who is heard in a call, in the order in which the streams were opened. */
  speakers(callId: string): readonly Speaker[] {
    return [...this.streams.values()].filter((stream) => stream.callId === callId).map(({ speaker }) => speaker);
  }

  #openCall(call: HeardCall): void {
    assert.ok(!this.#open.has(call.callId), `call ${call.callId} is open`);
    this.calls.push(call);
    this.#open.set(call.callId, call);
  }

  #openStream(stream: HeardStream): number | undefined {
    if (this.full || !this.#open.has(stream.callId)) return undefined;
    this.streams.set(++this.opened, { ...stream });
    return this.opened;
  }
}

export class FakeReceivingPort implements ReceivingPort {
  readonly address: string;
  readonly port: number;
  readonly options: ReceiveOptions;
  /** The last that was expected; "nobody told" before. */
  peer: ReturnType<() => Parameters<ReceivingPort["expect"]>[0]> | "nobody told" = "nobody told";
  closed = false;

  constructor(port: number, options: ReceiveOptions) {
    this.address = options.family === 6 ? "::1" : "127.0.0.1";
    this.port = port;
    this.options = options;
  }
  expect(peer: Parameters<ReceivingPort["expect"]>[0]): void {
    assert.ok(!this.closed);
    this.peer = peer;
  }
  close(): void {
    this.closed = true;
  }
}

/** Ports that nothing comes to. */
export class FakeMediaReceiver implements MediaReceiver {
  readonly ports: FakeReceivingPort[] = [];
  /** What further calls end with. */
  fails: ErrorCode | undefined;
  /** Further calls wait for this. */
  gate: Promise<void> | undefined;

  /** Those that are open. */
  get open(): readonly FakeReceivingPort[] {
    return this.ports.filter(({ closed }) => !closed);
  }

  async receive(options: ReceiveOptions): Promise<ReceivingPort> {
    await this.gate;
    if (this.fails !== undefined) throw new GatewayError(this.fails, "as the test says");
    const port = new FakeReceivingPort(50_000 + 2 * this.ports.length, options);
    this.ports.push(port);
    return port;
  }
}
