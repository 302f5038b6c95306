import type { PayloadFormat } from "../../core/payload-format.js";
import type { HeardStream } from "../../ports/heard-streams.js";
import type { HeardCall } from "../../ports/listening.js";
import type { FromListener, TalkToHear, ToListener } from "./messages.js";

export interface BookLimits {
  readonly calls: number;
  readonly streams: number;
}

interface BookedCall {
  call: Omit<HeardCall, "parties">;
  readonly streams: Set<number>;
  resumed: NonNullable<TalkToHear["resumed"]>;
}

/** What is being listened to, kept on the main thread: enough to tell a new listening thread all of it. */
export class CallBook {
  readonly #limits: BookLimits;
  readonly #calls = new Map<string, BookedCall>();
  readonly #streams = new Map<number, HeardStream>();
  /** Numbers are never given twice: packets of a stream that is over may still lie in a ring. */
  #lastStream = 0;
  readonly #shed = new Set<string>();

  constructor(limits: BookLimits) {
    this.#limits = limits;
  }

  get calls(): number {
    return this.#calls.size;
  }

  /** @returns False: no room, or it is there already. */
  openCall({ callId, risk, language, calledSide }: HeardCall): TalkToHear | undefined {
    if (this.#calls.has(callId) || this.#calls.size >= this.#limits.calls) return undefined;
    const call = { callId, risk, calledSide, ...(language === undefined ? {} : { language }) };
    this.#calls.set(callId, { call, streams: new Set(), resumed: { zeroAt: undefined, nextSegment: 0, turns: [] } });
    return call;
  }

  /** @returns False: no such call. */
  risk(callId: string, risk: number): boolean {
    const booked = this.#calls.get(callId);
    if (booked === undefined) return false;
    booked.call = { ...booked.call, risk };
    return true;
  }

  closeCall(callId: string): boolean {
    const booked = this.#calls.get(callId);
    for (const streamId of booked?.streams ?? []) this.#streams.delete(streamId);
    this.#shed.delete(callId);
    return this.#calls.delete(callId);
  }

  /** @returns Its number; undefined: nobody listens to that call, or no room. */
  openStream(stream: HeardStream): number | undefined {
    const booked = this.#calls.get(stream.callId);
    if (booked === undefined || this.#streams.size >= this.#limits.streams) return undefined;
    const streamId = ++this.#lastStream;
    booked.streams.add(streamId);
    this.#streams.set(streamId, stream);
    return streamId;
  }

  changeStream(streamId: number, formats: readonly PayloadFormat[]): boolean {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return false;
    this.#streams.set(streamId, { ...stream, formats });
    return true;
  }

  closeStream(streamId: number): boolean {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return false;
    this.#calls.get(stream.callId)?.streams.delete(streamId);
    return this.#streams.delete(streamId);
  }

  /** What the listening thread tells of a call is what the next one has to know. */
  note(message: FromListener): void {
    switch (message.kind) {
      case "line":
        this.#resume(message.line.callId, ({ nextSegment }) => ({
          nextSegment: Math.max(nextSegment, message.line.segment + 1),
        }));
        break;
      case "verdict":
        this.#resume(message.callId, () => ({ turns: message.turns }));
        break;
      case "shed":
        if (message.shed && this.#calls.has(message.callId)) this.#shed.add(message.callId);
        else this.#shed.delete(message.callId);
        break;
      case "began":
        this.#resume(message.callId, () => ({ zeroAt: message.at }));
        break;
      default:
    }
  }

  /** Calls that had lost their transcription; a new listening thread begins with all of them. */
  takeShed(): readonly string[] {
    const shed = [...this.#shed];
    this.#shed.clear();
    return shed;
  }

  /** Everything, for a listening thread that knows nothing. */
  messages(): readonly ToListener[] {
    const all: ToListener[] = [];
    for (const { call, resumed, streams } of this.#calls.values()) {
      all.push({ kind: "call.open", call: { ...call, resumed } });
      for (const streamId of streams) {
        const stream = this.#streams.get(streamId);
        if (stream !== undefined) all.push({ kind: "stream.open", streamId, stream });
      }
    }
    return all;
  }

  #resume(callId: string, change: (before: BookedCall["resumed"]) => Partial<BookedCall["resumed"]>): void {
    const booked = this.#calls.get(callId);
    if (booked !== undefined) booked.resumed = { ...booked.resumed, ...change(booked.resumed) };
  }
}
