import assert from "node:assert/strict";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import type { Decision } from "../../detection/index.js";
import type {
  RecordedCall,
  RecordedCallDesk,
  RecordingDeps,
  RecordingOptions,
} from "../../gateway/call/recording/recording-contracts.js";
import { DEFAULT_RECORDING } from "../../gateway/call/recording/recording-contracts.js";
import { RecordingRouter } from "../../gateway/call/recording/recording-router.js";
import { RecordingServer } from "../../gateway/call/recording/recording-server.js";
import { identifyReported } from "../../gateway/call/identify-call.js";
import { TrunkTable } from "../../gateway/call/trunks.js";
import type { HeaderEntries, OutgoingSpec, SipDialog } from "../../gateway/ports/sip-endpoint.js";
import type { SipResponse } from "../../gateway/sip/message/sip-message.js";
import { LogDouble, MetricsDouble, trunkSettings } from "./call-doubles.js";
import { FakeClock } from "./fake-clock.js";
import { FakeListening, FakeMediaReceiver } from "./fake-listening.js";
import { SeededRandom } from "./seeded-random.js";
import { SipNetwork, type NetworkFaults } from "./sip-network.js";
import { RecordingCaller, RecordingDialogUser, RecordingUser } from "./sip-pair.js";

/** Keeps what the recording server says of recorded calls. */
export class FakeDesk implements RecordedCallDesk {
  readonly log: string[] = [];
  readonly calls: RecordedCall[] = [];
  risk = 0;
  begin(call: RecordedCall) {
    this.log.push(`begin ${call.recordingCallId}`);
    this.calls.push(call);
    const table = TrunkTable.of({
      trunks: [],
      defaultTrunk: trunkSettings("default"),
      trustedHops: [],
      unknownSources: "accept",
    });
    assert.ok(table.ok);
    const identity = identifyReported(call.caller?.aor ?? "", call.called?.aor ?? "", table.value.default);
    return { identity, risk: this.risk };
  }
  changed(call: RecordedCall): void {
    this.log.push(`changed ${call.recordingCallId}`);
    this.calls.push(call);
  }
  ended(recordingCallId: string): void {
    this.log.push(`ended ${recordingCallId}`);
  }
}

export const ALLOW: Decision = { verdict: "allow", detected: false, wouldRefuse: false, actions: [] };

export interface BenchOptions {
  readonly options?: Partial<RecordingOptions>;
  readonly faults?: NetworkFaults;
  readonly seed?: number;
  /** What the hop has for a source that no recordings are taken from. */
  readonly refuseStranger?: RecordingDeps["refuseStranger"];
}

/** A recording server at 192.0.2.2, with the B2BUA's place taken by a user that only looks, and a client at 192.0.2.1. */
export async function recordingBench({ options = {}, faults = {}, seed = 1, refuseStranger }: BenchOptions = {}) {
  const clock = new FakeClock();
  const network = new SipNetwork(clock, seed, faults);
  const desk = new FakeDesk();
  const listening = new FakeListening();
  const media = new FakeMediaReceiver();
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const calls = new RecordingUser();
  const server = new RecordingServer(
    { ...DEFAULT_RECORDING, sources: ["192.0.2.0/24"], ...options },
    {
      ...{
        desk,
        listening,
        heard: listening,
        media,
        observers: [],
        clock,
        random: new SeededRandom(seed),
        metrics,
        log,
      },
      ...(refuseStranger === undefined ? {} : { refuseStranger }),
    },
  );
  const endpointAt = (address: string, salt: number): EmbeddedSipEndpoint =>
    new EmbeddedSipEndpoint({
      transports: network.transports(address, ["udp", "tcp"]),
      clock,
      random: new SeededRandom(seed * 31 + salt),
    });
  const client = endpointAt("192.0.2.1:5060", 1);
  const called = endpointAt("192.0.2.2:5060", 2);
  await client.start(new RecordingUser());
  await called.start(new RecordingRouter(server, calls));
  /** Lets messages arrive and promises settle. */
  const settle = async (ms = 50): Promise<void> => {
    for (let step = 0; step < ms; step += 5) {
      clock.advance(5);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
  };
  const spec = (more: Partial<OutgoingSpec> = {}): OutgoingSpec => ({
    method: "INVITE",
    uri: "sip:srs@192.0.2.2",
    from: "<sip:src@192.0.2.1>",
    to: "<sip:srs@192.0.2.2>",
    callId: "rec-1",
    contactParams: ";+sip.src",
    targets: [{ protocol: "udp", address: "192.0.2.2", port: 5060, mtuSwitch: false }],
    ...more,
  });
  return { clock, network, desk, listening, media, metrics, log, calls, server, client, called, settle, spec };
}

export type RecordingBench = Awaited<ReturnType<typeof recordingBench>>;

export const SIPREC: HeaderEntries = [
  ["Require", "siprec"],
  ["Content-Type", "multipart/mixed;boundary=part-of-it"],
];

/** A recording client's session. */
export class RecordingClient {
  readonly caller = new RecordingCaller();
  readonly dialogUser = new RecordingDialogUser();
  readonly #bench: RecordingBench;
  readonly outgoing;

  constructor(bench: RecordingBench, body: string, more: Partial<OutgoingSpec> = {}) {
    this.#bench = bench;
    const given = { headers: SIPREC, body: Buffer.from(body, "latin1"), ...more };
    this.outgoing = bench.client.invite(bench.spec(given), this.caller);
  }

  get dialog(): SipDialog {
    const dialog = this.caller.dialogs.at(-1);
    assert.ok(dialog !== undefined, `no dialog: ${this.caller.seen.join(", ")}`);
    return dialog;
  }

  get response(): SipResponse {
    const response = this.caller.responses.at(-1);
    assert.ok(response !== undefined, "no response");
    return response;
  }

  get sdp(): string {
    return Buffer.from(this.response.body).toString("latin1");
  }

  /** Acknowledges the last 2xx, with an answer where we were offered something. */
  async ack(sdp?: string): Promise<this> {
    this.dialog.user = this.dialogUser;
    if (sdp === undefined) this.dialog.ack();
    else this.dialog.ack({ headers: [["Content-Type", "application/sdp"]], body: Buffer.from(sdp, "latin1") });
    await this.#bench.settle();
    return this;
  }

  /** A request inside the dialog. @returns What came of it. */
  async request(method: string, contentType: string | undefined, body = "", headers: HeaderEntries = []) {
    const user = new RecordingCaller();
    const type: HeaderEntries = contentType === undefined ? [] : [["Content-Type", contentType]];
    this.dialog.request({ method, headers: [...type, ...headers], body: Buffer.from(body, "latin1") }, user);
    await this.#bench.settle();
    const response = user.responses.at(-1);
    if (method === "INVITE" && response !== undefined && response.status < 300) this.dialog.ack();
    await this.#bench.settle();
    return { status: response?.status ?? 0, response, sdp: Buffer.from(response?.body ?? "").toString("latin1") };
  }
}

/** A session that is up. */
export async function recorded(
  bench: RecordingBench,
  body: string,
  more: Partial<OutgoingSpec> = {},
): Promise<RecordingClient> {
  const client = new RecordingClient(bench, body, more);
  await bench.settle();
  assert.equal(client.response.status, 200, client.caller.seen.join(", "));
  return client.ack();
}
