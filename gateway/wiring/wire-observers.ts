import { join } from "node:path";
import { unixMs, type UnixMs } from "../../detection/index.js";
import { HepExporter } from "../adapters/hep/hep-exporter.js";
import type { WireTap } from "../adapters/sip-embedded/endpoint-options.js";
import { SipTraces } from "../adapters/sip-trace/sip-traces.js";
import type { CallObserver, LiveCall } from "../call/contracts.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";

export interface WireObserverDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Puts the tap onto the SIP engine, or takes it off. */
  readonly tap: (onWire: WireTap | undefined) => void;
  /** Under load nothing is copied. */
  readonly busy: () => boolean;
}

type Message = Parameters<WireTap>;

/** Call-IDs that all running traces together follow. */
const MOST_FOLLOWED = 50_000;
const CALL_ID = /^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]+)/im;

/**
 * HEP3 export and SIP traces: both look at the messages on the wire, and the tap is on only while one of them wants it. A trace
 * follows the calls from or to one number: it learns their Call-IDs when they start, on both legs.
 */
export class WireObservers implements CallObserver {
  readonly #deps: WireObserverDeps;
  readonly #hep: HepExporter | undefined;
  readonly #traces: SipTraces;
  /** Canonical number → trace id. */
  readonly #numbers = new Map<string, string>();
  /** Call-ID → trace id. */
  readonly #followed = new Map<string, string>();
  #last: Message | undefined;

  constructor({ observability, store }: Config, deps: WireObserverDeps) {
    const { clock, log, metrics } = deps;
    this.#deps = deps;
    const { hepHost, hepPort, hepCaptureId, hepPassword, traceLimitBytes } = observability;
    const password = hepPassword === undefined ? {} : { password: hepPassword };
    this.#hep =
      hepHost === undefined
        ? undefined
        : new HepExporter({ host: hepHost, port: hepPort, captureId: hepCaptureId, ...password, clock, log, metrics });
    this.#traces = new SipTraces({ folder: join(store.folder, "traces"), clock, log, limitBytes: traceLimitBytes });
  }

  async start(): Promise<void> {
    await this.#hep?.start();
    this.#arm();
  }

  /** @throws GatewayError `trace.refused` with the reason. */
  async startTrace(canonical: string, durationMs: number): Promise<{ readonly id: string; readonly until: UnixMs }> {
    const id = this.#deps.random.token(8);
    const started = await this.#traces.start({ id, until: unixMs(this.#deps.clock.unix() + durationMs) });
    if (!started.ok) throw new GatewayError("trace.refused", started.error.code);
    this.#numbers.set(canonical, id);
    this.#arm();
    return { id, until: started.value.until };
  }

  async stopTrace(id: string): Promise<boolean> {
    const stopped = await this.#traces.stop(id);
    this.#forgetEnded();
    return stopped;
  }

  /** The INVITE that started the call is the message that is just being handled, unless it had to wait or was left out. */
  onStarted(call: LiveCall): void {
    if (this.#numbers.size === 0) return;
    const id = this.#numbers.get(call.identity.called) ?? this.#numbers.get(call.identity.caller);
    if (id === undefined) return;
    this.#follow(call.sipCallId, id);
    if (this.#last !== undefined && callIdOf(this.#last[1]) === call.sipCallId) this.#trace(id, ...this.#last);
  }

  onInvited(call: LiveCall, bCallId: string): void {
    const id = this.#followed.get(call.sipCallId);
    if (id !== undefined) this.#follow(bCallId, id);
  }

  async close(): Promise<void> {
    this.#deps.tap(undefined);
    await this.#traces.close();
    await this.#hep?.close();
  }

  #follow(callId: string, id: string): void {
    if (this.#followed.size < MOST_FOLLOWED) this.#followed.set(callId, id);
  }

  #forgetEnded(): void {
    const running = new Set(this.#traces.list().map((trace) => trace.id));
    for (const [number, id] of this.#numbers) if (!running.has(id)) this.#numbers.delete(number);
    for (const [callId, id] of this.#followed) if (!running.has(id)) this.#followed.delete(callId);
    this.#arm();
  }

  #arm(): void {
    const wanted = this.#hep !== undefined || this.#traces.running;
    this.#deps.tap(wanted ? (...message) => this.#onWire(message) : undefined);
  }

  #onWire(message: Message): void {
    if (this.#deps.busy()) {
      this.#hep?.leaveOut();
      this.#traces.leaveOut();
      return;
    }
    if (this.#hep !== undefined) this.#export(this.#hep, ...message);
    if (this.#numbers.size === 0) return;
    if (!this.#traces.running) {
      this.#forgetEnded();
      return;
    }
    const [direction, bytes] = message;
    if (direction === "in") this.#last = message;
    const callId = callIdOf(bytes);
    const id = callId === undefined ? undefined : this.#followed.get(callId);
    if (id !== undefined) this.#trace(id, ...message);
  }

  #trace(id: string, ...[direction, bytes, peer]: Message): void {
    if (!this.#traces.write(id, { direction, at: this.#deps.clock.unix(), peer, bytes })) this.#forgetEnded();
  }

  #export(hep: HepExporter, ...[direction, payload, peer, listener]: Message): void {
    if (listener === undefined) return;
    const own = { address: ownAddress(listener), port: listener.port };
    const [from, to] = direction === "in" ? [peer, own] : [own, peer];
    hep.capture({ payload, transport: peer.protocol, from, to, at: this.#deps.clock.unix() });
  }
}

/** A wildcard listener has no address of its own to show; the advertised one, where it is a literal, says more. */
function ownAddress({ address, sentByHost }: { readonly address: string; readonly sentByHost: string }): string {
  const shown = sentByHost.replace(/^\[|\]$/g, "");
  return (address === "0.0.0.0" || address === "::") && /^[\d.]+$|:/.test(shown) ? shown : address;
}

const callIdOf = (message: Uint8Array): string | undefined => CALL_ID.exec(latin1(message))?.[1]?.trim();

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
