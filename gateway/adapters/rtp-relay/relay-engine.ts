import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";
import type { PacketRing } from "../../media/fork/packet-ring.js";
import type { FrameCoder } from "../../media/sound/frame-coder.js";
import { CarriedCall } from "./carried-call.js";
import { CarriedReceiver } from "./carried-receiver.js";
import type { DatagramIo, OnBatch } from "./io/datagram-io.js";
import type { MediaLeg } from "./media-leg.js";
import type {
  CallState,
  FromRelay,
  OpenPlace,
  RequestName,
  Requests,
  StreamPlaces,
  StreamWanted,
  ToRelay,
} from "./messages.js";
import { PacketPath } from "./packet-path.js";
import { PortPool, type NoPort, type PortPair } from "./port-pool.js";
import { PromptDesk } from "./prompt-desk.js";

export interface RelayEngineOptions {
  /** IP literals to bind; the first of each family counts. */
  readonly addresses: readonly string[];
  readonly portRange: { readonly from: number; readonly to: number };
  readonly quarantineMs: number;
  readonly idleMs: number;
}

export interface RelayEngineParts {
  readonly clock: Clock;
  readonly ring: PacketRing | undefined;
  /** 0 ≤ n < 1, not to be guessed. */
  readonly random: () => number;
  readonly makeIo: (onBatch: OnBatch) => DatagramIo;
  readonly post: (message: FromRelay) => void;
  /** Of Opus, for prompts; absent: there are none in Opus. */
  readonly makeOpusCoder?: () => FrameCoder | undefined;
}

/** Idle times are checked, and figures reported, so often. */
const HOUSEKEEPING_MS = 1_000;

type Args<Name extends RequestName> = Requests[Name]["args"];
type Answer<Name extends RequestName> = Requests[Name]["answer"];

/** The relay as its thread has it: calls and receivers by number, told what to do by messages. */
export class RelayEngine {
  readonly #options: RelayEngineOptions;
  readonly #parts: RelayEngineParts;
  readonly #path: PacketPath;
  readonly #io: DatagramIo;
  readonly #pools = new Map<4 | 6, PortPool>();
  readonly #prompts: PromptDesk;
  readonly #calls = new Map<number, CarriedCall>();
  readonly #receivers = new Map<number, CarriedReceiver>();
  /** Their ports are being opened. */
  readonly #pendingReceivers = new Set<number>();
  #cancelHousekeeping: () => void = () => undefined;

  constructor(options: RelayEngineOptions, parts: RelayEngineParts) {
    const { clock } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#path = new PacketPath(parts.ring);
    this.#io = parts.makeIo((count) => this.#path.onBatch(this.#io, count, clock.mono()));
    this.#prompts = new PromptDesk(this.#io, clock, this.#path.totals, parts.makeOpusCoder);
    const { from, to } = options.portRange;
    for (const address of options.addresses) {
      const family = address.includes(":") ? 6 : 4;
      if (this.#pools.has(family)) continue;
      const { quarantineMs } = options;
      this.#pools.set(family, new PortPool(this.#io, address, { from, to, quarantineMs, random: parts.random }));
    }
    this.#keepHouse();
  }

  get ioKind(): DatagramIo["kind"] {
    return this.#io.kind;
  }

  /** @throws GatewayError `listen.failed` for an address that cannot be bound. */
  async checkAddresses(): Promise<void> {
    for (const address of this.#options.addresses) {
      const open = await this.#io.open(address, 0);
      if (!open.ok) {
        this.close();
        throw new GatewayError(
          "listen.failed",
          `media.relay.addresses: a port of ${address} cannot be opened: ${open.error.reason}`,
        );
      }
      this.#io.close(open.value.socket);
    }
  }

  onMessage(message: ToRelay): void {
    switch (message.kind) {
      case "request":
        void this.#serve(message.id, message.name, message.args);
        break;
      case "state":
        this.#apply(message.call, message.state);
        break;
      case "release":
        this.#calls.get(message.call)?.release(message.indexes);
        break;
      case "answered":
        this.#calls.get(message.call)?.answered(this.#parts.clock.mono());
        break;
      case "hold":
        this.#hold(message.call, message.held);
        break;
      case "expect":
        this.#receivers.get(message.receiver)?.expect(message.peer);
        break;
      case "close-receiver":
        this.#closeReceiver(message.receiver);
        break;
      case "ping":
        this.#parts.post({ kind: "pong" });
        break;
      case "stop":
        this.close();
        this.#parts.post({ kind: "stopped" });
        break;
    }
  }

  /** Closes every socket. Safe to call twice. */
  close(): void {
    this.#cancelHousekeeping();
    this.#prompts.close();
    for (const call of this.#calls.values()) call.close();
    this.#calls.clear();
    this.#receivers.clear();
    this.#io.dispose();
  }

  async #serve(id: number, name: RequestName, args: Args<RequestName>): Promise<void> {
    const { post } = this.#parts;
    try {
      post({ kind: "answer", id, value: await this.#answer(name, args) });
    } catch (error) {
      // A bug is not to be answered politely: it ends the thread, which is started again.
      if (!(error instanceof GatewayError)) throw error;
      const code = error.code === "media.full" || error.code === "media.rejected" ? error.code : "media.unavailable";
      post({ kind: "refusal", id, code, message: error.message });
    }
  }

  #answer(name: RequestName, args: Args<RequestName>): Promise<Answer<RequestName>> | Answer<RequestName> {
    switch (name) {
      case "allocate":
        return this.#allocate(args as Args<"allocate">);
      case "play":
        return this.#play(args as Args<"play">);
      case "sync":
        return true;
      case "stats":
        return this.#callOf((args as Args<"stats">).call).stats();
      case "close":
        return this.#closeCall((args as Args<"close">).call);
      case "receive":
        return this.#receive(args as Args<"receive">);
    }
  }

  async #allocate({ call: id, streams }: Args<"allocate">): Promise<StreamPlaces[]> {
    const call = this.#calls.get(id) ?? this.#newCall(id);
    const places: StreamPlaces[] = [];
    for (const wanted of streams) places.push(call.places(wanted.index) ?? (await this.#addStream(call, wanted)));
    return places;
  }

  #newCall(id: number): CarriedCall {
    const user = {
      event: (event: Extract<FromRelay, { kind: "event" }>["event"]) =>
        this.#parts.post({ kind: "event", call: id, event }),
      gone: (leg: MediaLeg) => {
        this.#prompts.drop(leg);
        this.#give(leg.pair);
      },
    };
    const call = new CarriedCall(this.#io, this.#path, user, this.#parts.random);
    this.#calls.set(id, call);
    return call;
  }

  async #addStream(call: CarriedCall, wanted: StreamWanted): Promise<StreamPlaces> {
    const a = await this.#take(wanted.families.a, wanted.again?.a);
    let b: PortPair;
    try {
      b = await this.#take(wanted.families.b, wanted.again?.b);
    } catch (error) {
      this.#give(a);
      throw error;
    }
    // Asked for twice, as the first answer was too slow: it has them by now.
    const places = call.places(wanted.index);
    if (!call.closed && places === undefined) return call.add(wanted.index, wanted.isAudio, a, b);
    this.#give(a);
    this.#give(b);
    if (places !== undefined) return places;
    throw new GatewayError("media.unavailable", "the call is over");
  }

  async #take(family: 4 | 6, again: number | undefined): Promise<PortPair> {
    const pool = this.#pools.get(family);
    if (pool === undefined) throw new GatewayError("media.unavailable", `the relay has no IPv${family} address`);
    const nowMs = this.#parts.clock.mono();
    const pair = again === undefined ? await pool.take(nowMs) : await pool.takeAgain(again);
    if (pair.ok) return pair.value;
    throw noPort(pair.error);
  }

  #give(pair: PortPair): void {
    this.#pools.get(pair.address.includes(":") ? 6 : 4)?.give(pair, this.#parts.clock.mono());
  }

  #callOf(id: number): CarriedCall {
    const call = this.#calls.get(id);
    if (call === undefined) throw new GatewayError("media.unavailable", "the relay does not know that call");
    return call;
  }

  #play({ call: id, to, sampleRateHz, samples }: Args<"play">): Promise<boolean> {
    const leg = this.#callOf(id).audioLegs(to)[0];
    if (leg === undefined) throw new GatewayError("media.rejected", "that side has no audio stream");
    return this.#prompts.play(leg, { sampleRateHz, samples });
  }

  #apply(id: number, state: CallState): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    call.apply(state);
    // The coding may be another one now.
    for (const leg of [...call.audioLegs("a"), ...call.audioLegs("b")]) this.#prompts.renew(leg);
    if (call.held) this.#hold(id, true);
  }

  #hold(id: number, held: boolean): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    call.held = held;
    for (const leg of [...call.audioLegs("a"), ...call.audioLegs("b")]) this.#prompts.tone(leg, held);
  }

  #closeCall(id: number): Answer<"close"> {
    const call = this.#callOf(id);
    call.close();
    this.#calls.delete(id);
    return call.stats();
  }

  async #receive({ receiver: id, ...wanted }: Args<"receive">): Promise<OpenPlace> {
    this.#pendingReceivers.add(id);
    const pair = await this.#take(wanted.family, wanted.again).catch((error: unknown) => {
      this.#pendingReceivers.delete(id);
      throw error;
    });
    if (!this.#pendingReceivers.delete(id)) {
      this.#give(pair);
      throw new GatewayError("media.unavailable", "the receiver was closed");
    }
    const onIdle = (): void => this.#parts.post({ kind: "receiver-idle", receiver: id });
    const nowMs = this.#parts.clock.mono();
    this.#receivers.set(id, new CarriedReceiver(this.#io, this.#path, pair, { wanted, nowMs, onIdle }));
    return { address: pair.address, rtpPort: pair.rtp.port, rtcpPort: pair.rtcp.port };
  }

  #closeReceiver(id: number): void {
    this.#pendingReceivers.delete(id);
    const receiver = this.#receivers.get(id);
    this.#receivers.delete(id);
    if (receiver !== undefined) this.#give(receiver.close());
  }

  #keepHouse(): void {
    const { clock, post } = this.#parts;
    this.#cancelHousekeeping = clock.callAt(monoMs(clock.mono() + HOUSEKEEPING_MS), () => {
      const nowMs = clock.mono();
      for (const call of this.#calls.values()) call.onTime(nowMs, this.#options.idleMs);
      for (const receiver of this.#receivers.values()) receiver.checkIdle(nowMs);
      const free = [...this.#pools.values()].flatMap((pool) => pool.free ?? []);
      const freePairs = free.length === 0 ? undefined : Math.min(...free);
      const totals = this.#path.totals.snapshot();
      post({ kind: "report", report: { totals, calls: this.#calls.size, receivers: this.#receivers.size, freePairs } });
      this.#keepHouse();
    });
  }
}

const noPort = ({ code, reason }: NoPort): GatewayError =>
  code === "full"
    ? new GatewayError("media.full", `no port pair for media: ${reason}`)
    : new GatewayError("media.unavailable", `the relay's address cannot be bound: ${reason}`);
