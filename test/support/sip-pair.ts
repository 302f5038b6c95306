import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import type { EmbeddedEndpointOptions } from "../../gateway/adapters/sip-embedded/endpoint-options.js";
import type {
  IncomingInvite,
  IncomingRequest,
  OutgoingSpec,
  OutgoingUser,
  SipDialog,
  SipDialogUser,
  SipSource,
  SipTarget,
  SipUser,
  TurnedAway,
} from "../../gateway/ports/sip-endpoint.js";
import type { SipProtocol } from "../../gateway/ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../../gateway/sip/message/sip-message.js";
import { FakeClock } from "./fake-clock.js";
import { MemoryPeer } from "./memory-peer.js";
import { SeededRandom } from "./seeded-random.js";
import { SipNetwork, type NetworkFaults } from "./sip-network.js";

/** What a test wants to see of one endpoint: everything that its user is told, in order. */
export class RecordingUser implements SipUser {
  readonly seen: string[] = [];
  readonly invites: IncomingInvite[] = [];
  readonly requests: IncomingRequest[] = [];
  readonly strays: { response: SipResponse; dialog: SipDialog }[] = [];
  takeStrayRequests = false;
  /** What requests that claim to belong to nothing get, before anything is kept of them. */
  away: TurnedAway | undefined;

  onInvite(invite: IncomingInvite): void {
    this.seen.push("INVITE");
    this.invites.push(invite);
    invite.onCancel = () => this.seen.push("cancelled");
    invite.onGone = () => this.seen.push("gone");
    invite.onRefusalAcked = () => this.seen.push("refusal acked");
    invite.onPrackTimeout = () => this.seen.push("prack timeout");
  }
  onRequest(request: IncomingRequest): void {
    this.seen.push(request.request.method);
    this.requests.push(request);
  }
  turnAway(_request: SipRequest, _source: SipSource, stray: boolean): TurnedAway | undefined {
    return stray ? undefined : this.away;
  }
  onStrayRequest(request: SipRequest): ((request: IncomingRequest) => void) | undefined {
    this.seen.push(`stray ${request.method}`);
    return this.takeStrayRequests ? (taken) => void this.requests.push(taken) : undefined;
  }
  onStrayAnswer(response: SipResponse, dialog: SipDialog): void {
    this.seen.push(`stray ${response.status}`);
    this.strays.push({ response, dialog });
  }
}

/** The user of one outgoing request. */
export class RecordingCaller implements OutgoingUser {
  readonly seen: string[] = [];
  readonly dialogs: SipDialog[] = [];
  readonly responses: SipResponse[] = [];
  onTrying(): void {
    this.seen.push("alive");
  }
  onProvisional(response: SipResponse, dialog: SipDialog | undefined): void {
    this.seen.push(String(response.status));
    this.responses.push(response);
    if (dialog !== undefined) this.dialogs.push(dialog);
  }
  onFinal(response: SipResponse, local: boolean): void {
    this.seen.push(local ? `${response.status} local` : String(response.status));
    this.responses.push(response);
  }
  onAnswer(response: SipResponse, dialog: SipDialog): void {
    this.seen.push(`answer ${response.status}`);
    this.responses.push(response);
    this.dialogs.push(dialog);
  }
}

export class RecordingDialogUser implements SipDialogUser {
  readonly seen: string[] = [];
  readonly requests: IncomingRequest[] = [];
  readonly acks: SipRequest[] = [];
  /** Answers every request at once with this; undefined: the test does. */
  answer: number | undefined;
  constructor(answer: number | undefined = 200) {
    this.answer = answer;
  }
  onRequest(request: IncomingRequest): void {
    this.seen.push(request.request.method);
    this.requests.push(request);
    if (this.answer !== undefined) request.respond({ status: this.answer });
  }
  onAck(ack: SipRequest): void {
    this.seen.push("ACK");
    this.acks.push(ack);
  }
  onAckTimeout(): void {
    this.seen.push("ack timeout");
  }
}

export interface PairOptions {
  readonly seed?: number;
  readonly faults?: NetworkFaults;
  readonly protocols?: readonly SipProtocol[];
  readonly options?: Partial<EmbeddedEndpointOptions>;
}

/** Two endpoints, caller at 192.0.2.1 and called at 192.0.2.2, on one network in memory and one clock. */
export async function sipPair({ seed = 1, faults = {}, protocols = ["udp"], options = {} }: PairOptions = {}) {
  const clock = new FakeClock();
  const network = new SipNetwork(clock, seed, faults);
  const make = async (address: string, salt: number) => {
    const user = new RecordingUser();
    const transports = network.transports(address, protocols);
    const endpoint = new EmbeddedSipEndpoint({
      transports,
      clock,
      random: new SeededRandom(seed * 31 + salt),
      ...options,
    });
    await endpoint.start(user);
    return { user, endpoint };
  };
  const caller = await make("192.0.2.1:5060", 1);
  const called = await make("192.0.2.2:5060", 2);
  const target = (protocol: SipProtocol = "udp", port = 5060): SipTarget => ({ protocol, address: "192.0.2.2", port });
  const spec = (more: Partial<OutgoingSpec> = {}): OutgoingSpec => ({
    method: "INVITE",
    uri: "sip:+12025550102@192.0.2.2",
    from: "<sip:+12025550101@192.0.2.1>",
    to: "<sip:+12025550102@192.0.2.2>",
    targets: [target(protocols[0])],
    ...more,
  });
  /** Lets messages arrive and microtasks run. */
  const settle = async (ms = 20): Promise<void> => {
    await Promise.resolve();
    clock.advance(ms);
    await Promise.resolve();
  };
  return { clock, network, caller, called, target, spec, settle };
}

/** A call that is up between the two. */
export async function establishedCall(pairOptions: PairOptions = {}) {
  const pair = await sipPair(pairOptions);
  const callerSide = new RecordingCaller();
  const outgoing = pair.caller.endpoint.invite(pair.spec(), callerSide);
  await pair.settle();
  const invite = pair.called.user.invites[0];
  if (invite === undefined) throw new Error("the INVITE did not arrive");
  invite.respond({ status: 180 });
  const calledUser = new RecordingDialogUser();
  invite.respond({ status: 200 });
  const calledDialog = invite.dialog();
  if (calledDialog === undefined) throw new Error("no dialog at the called end");
  calledDialog.user = calledUser;
  await pair.settle();
  const callerDialog = callerSide.dialogs.at(-1);
  if (callerDialog === undefined) throw new Error("no dialog at the caller's end");
  const callerUser = new RecordingDialogUser();
  callerDialog.user = callerUser;
  callerDialog.ack();
  await pair.settle();
  return { ...pair, outgoing, invite, callerSide, callerDialog, callerUser, calledDialog, calledUser };
}

/** One endpoint at 192.0.2.1 and a peer at 192.0.2.9 that the test speaks for. */
export async function endpointAndPeer(pairOptions: PairOptions = {}) {
  const pair = await sipPair(pairOptions);
  const peer = new MemoryPeer(pair.network, "192.0.2.9:5060", pairOptions.protocols);
  const { user, endpoint } = pair.caller;
  const toPeer = (more: Partial<OutgoingSpec> = {}): OutgoingSpec => ({
    method: "INVITE",
    uri: "sip:+12025550103@192.0.2.9",
    from: "<sip:+12025550101@192.0.2.1>",
    to: "<sip:+12025550103@192.0.2.9>",
    targets: [{ protocol: pairOptions.protocols?.[0] ?? "udp", address: "192.0.2.9", port: 5060 }],
    ...more,
  });
  return { ...pair, user, endpoint, peer, toPeer };
}
