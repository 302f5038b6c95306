import assert from "node:assert/strict";
import type {
  CallState,
  FromRelay,
  LegState,
  StreamPlaces,
  ToRelay,
} from "../../gateway/adapters/rtp-relay/messages.js";
import { RelayEngine } from "../../gateway/adapters/rtp-relay/relay-engine.js";
import type { FrameCoder } from "../../gateway/media/sound/frame-coder.js";
import { PacketRing } from "../../gateway/media/fork/packet-ring.js";
import { FakeClock } from "./fake-clock.js";
import { FakeDatagramIo } from "./fake-datagram-io.js";
import { parseRtpPacket, type RtpPacket } from "./rtp-packet.js";
import { EVENT, PCMU, rtp } from "./rtp-stream.js";

export const OURS = "198.51.100.1";
export const [A, B] = ["192.0.2.1", "192.0.2.2"];

/** An engine without network and with time that a test moves. */
export class RelayBench {
  readonly clock = new FakeClock();
  readonly ring = PacketRing.allocate(65_536);
  readonly said: FromRelay[] = [];
  readonly engine: RelayEngine;
  io = new FakeDatagramIo();
  #lastId = 0;

  constructor(idleMs = 0, makeOpusCoder?: () => FrameCoder | undefined) {
    this.engine = new RelayEngine(
      { addresses: [OURS], portRange: { from: 10_000, to: 10_999 }, quarantineMs: 1_000, idleMs },
      {
        clock: this.clock,
        ring: this.ring,
        random: () => 0.5,
        makeIo: (onBatch) => (this.io = new FakeDatagramIo(onBatch)),
        post: (message) => void this.said.push(message),
        ...(makeOpusCoder === undefined ? {} : { makeOpusCoder }),
      },
    );
  }

  tell(message: ToRelay): void {
    this.engine.onMessage(message);
  }

  /** @returns Its answer or refusal, once microtasks have run. */
  async ask(request: Pick<Extract<ToRelay, { kind: "request" }>, "name" | "args">): Promise<FromRelay | undefined> {
    const id = ++this.#lastId;
    this.tell({ kind: "request", id, ...request } as ToRelay);
    await settled();
    return this.answerTo(id);
  }

  answerTo(id: number): FromRelay | undefined {
    return this.said.find((message) => "id" in message && message.id === id);
  }

  async call(id: number, state: (places: StreamPlaces) => Partial<CallState> = () => ({})): Promise<StreamPlaces> {
    const streams = [{ index: 0, isAudio: true, families: { a: 4, b: 4 } }] as const;
    const answer = await this.ask({ name: "allocate", args: { call: id, streams } });
    assert.ok(answer?.kind === "answer", JSON.stringify(answer));
    const [places] = answer.value as StreamPlaces[];
    assert.ok(places);
    this.tell({ kind: "state", call: id, state: { ...stateOf(), ...state(places) } });
    return places;
  }

  events(): unknown[] {
    return this.said.flatMap((message) => (message.kind === "event" ? [message.event] : []));
  }

  /** What went out to that host since the last time. */
  out(host: string): RtpPacket[] {
    const mine = this.io.sent.filter(({ address }) => address === host);
    this.io.sent.length = 0;
    return mine.flatMap(({ packet }) => {
      const parsed = parseRtpPacket(packet);
      return parsed.ok ? [parsed.value] : [];
    });
  }

  fromA(places: StreamPlaces, n: number): void {
    this.io.deliver({ port: places.a.rtpPort, from: A, fromPort: 4_000, packet: rtp({ n, ssrc: 1 }) });
  }
}

export const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

function legOf(address: string, more: Partial<LegState> = {}): LegState {
  const [rtpPort, rtcpPort] = [4_000, 4_001];
  return {
    rtp: { address, port: rtpPort },
    rtcp: { address, port: rtcpPort },
    rtcpMux: false,
    learn: false,
    formats: [PCMU, EVENT],
    takes: [PCMU, EVENT],
    streamId: 0,
    key: undefined,
    ...more,
  };
}
export const stateOf = (a: Partial<LegState> = {}, b: Partial<LegState> = {}): CallState => ({
  streams: [{ index: 0, isAudio: true, a: legOf(A, a), b: legOf(B, b) }],
  agreement: 1,
  maySilent: false,
});
export const loud = (samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => 0.5 * Math.sin(i / 2));
