import assert from "node:assert/strict";
import { DEFAULT_DETECTION_OPTIONS, FraudDetection, NumberPlan, type DetectionOptions } from "../../detection/index.js";
import { openCalls } from "../../gateway/call/recover-calls.js";
import { configSchema } from "../../gateway/config/schema.js";
import type { JournalEntry } from "../../gateway/ports/dialog-journal.js";
import type { HeaderEntries, SipTarget } from "../../gateway/ports/sip-endpoint.js";
import { makeCallLayer } from "../../gateway/wiring/call-layer.js";
import { trunkTable } from "../../gateway/wiring/trunk-options.js";
import { LogDouble, MetricsDouble, RandomDouble, SinkDouble } from "./call-doubles.js";
import { FakeClock } from "./fake-clock.js";
import { FakeSipEndpoint, type FakeDialog, type FakeIncoming } from "./fake-sip-endpoint.js";

export const VICTIM = "+12025550199";
const memory = {
  windowMiB: 1,
  trackedCalls: 4_096,
  recentCalls: 1_024,
  knownPairs: 1_024,
  watchedNumbers: 100,
  openIncidents: 50,
  blocks: 1_000,
};

export interface Phone {
  readonly invite: FakeIncoming;
  readonly a: FakeDialog;
  readonly b: FakeDialog;
}

/** The whole call layer as main.ts joins it, between peers that the test plays. */
export class Gateway {
  readonly endpoint = new FakeSipEndpoint();
  readonly clock = new FakeClock();
  readonly sink = new SinkDouble();
  readonly metrics = new MetricsDouble();
  readonly journal: JournalEntry[] = [];
  readonly detection: FraudDetection;
  readonly layer;
  #calls = 0;

  /** @param speechOf Calls of which an earlier process has kept speech. */
  constructor(detection: Partial<DetectionOptions> = {}, speechOf: readonly string[] = []) {
    const config = configSchema.parse({
      sip: { nextHops: ["192.0.2.50:5060"] },
      limits: { trustedHops: ["192.0.2.10"] },
      trunks: [{ id: "north" }, { id: "south" }, { id: "asks", mode: "redirect" }],
    });
    const trunks = trunkTable(config, (plan) => new NumberPlan(plan));
    assert.ok(trunks.ok);
    const target: SipTarget = { protocol: "udp", address: "192.0.2.50", port: 5060 };
    const random = new RandomDouble();
    this.detection = new FraudDetection({ ...DEFAULT_DETECTION_OPTIONS, memory, ...detection }, random);
    this.layer = makeCallLayer(config, {
      endpoint: this.endpoint,
      resolver: { cached: () => [target], resolve: () => Promise.resolve([target]) },
      detection: this.detection,
      trunks: trunks.value,
      sink: this.sink,
      journal: {
        append: (entry) => void this.journal.push(entry),
        recover: () => Promise.resolve({ entries: [], broken: 0 }),
        close: () => Promise.resolve(),
      },
      observers: [],
      media: {
        ...{ listener: undefined, relay: undefined, anchors: undefined },
        hasSpeech: (callId) => speechOf.includes(callId),
      },
      lagMs: () => 0,
      clock: this.clock,
      random,
      metrics: this.metrics,
      log: new LogDouble(),
    });
    void this.endpoint.start(this.layer.b2bua);
  }

  invite(
    caller: string,
    { called = VICTIM, trunk = "north", callId = `call-${++this.#calls}`, headers = [] as HeaderEntries } = {},
  ): FakeIncoming {
    return this.endpoint.receive("INVITE", `sip:${called}@192.0.2.1`, [
      ["Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa"],
      ["Max-Forwards", "70"],
      ["From", `<sip:${caller}@caller.example>;tag=${callId}`],
      ["To", `<sip:${called}@192.0.2.1>`],
      ["Call-ID", callId],
      ["CSeq", "1 INVITE"],
      ["Contact", "<sip:caller@192.0.2.10:5070>"],
      ["X-Ringfence-Trunk", trunk],
      ...headers,
    ]);
  }

  answered(caller: string, over: Parameters<Gateway["invite"]>[1] = {}): Phone {
    const invite = this.invite(caller, over);
    const out = this.endpoint.invites.at(-1);
    assert.ok(out !== undefined && invite.final === undefined);
    out.provisional(180, { tag: "bob" });
    const b = out.answer({ tag: "bob", body: "answer" });
    const a = invite.dialog();
    assert.ok(a !== undefined);
    invite.ack();
    return { invite, a, b };
  }

  get open(): number {
    return openCalls(this.journal).answered.length;
  }
}

export const caller = (n: number): string => `+120255501${String(n).padStart(2, "0")}`;
export const callers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => caller(from + i));
