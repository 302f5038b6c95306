import type { TestContext } from "node:test";
import { DrachtioSipEndpoint } from "../../gateway/adapters/sip-drachtio/drachtio-endpoint.js";
import type { DrachtioEndpointOptions, ServerAddress } from "../../gateway/adapters/sip-drachtio/drachtio-options.js";
import type { IncomingInvite, OutgoingSpec, SipDialog } from "../../gateway/ports/sip-endpoint.js";
import { CountingMetrics } from "./counting-metrics.js";
import { DrachtioPeer, type PeerCommand, type PeerOptions } from "./drachtio-peer.js";
import { FakeClock } from "./fake-clock.js";
import { rawRequest, rawResponse, type RawRequest } from "./raw-message.js";
import { SeededRandom } from "./seeded-random.js";
import { TellingCaller, TellingDialogUser, TellingUser } from "./telling-users.js";

export interface DrachtioScene {
  readonly peer: DrachtioPeer;
  readonly endpoint: DrachtioSipEndpoint;
  readonly user: TellingUser;
  /** Moves only when the test says so: time-outs and reconnecting. */
  readonly clock: FakeClock;
  readonly metrics: CountingMetrics;
  readonly start: () => Promise<void>;
}

export interface SceneOptions {
  readonly peer?: PeerOptions;
  readonly server?: Partial<ServerAddress>;
  readonly endpoint?: Partial<DrachtioEndpointOptions>;
}

/** A scripted server and an endpoint that is to connect to it; both are closed when the test ends. */
export async function drachtioScene(t: TestContext, options: SceneOptions = {}): Promise<DrachtioScene> {
  const peer = await DrachtioPeer.open(options.peer);
  const clock = new FakeClock();
  const metrics = new CountingMetrics();
  const server = { host: "127.0.0.1", port: peer.port, secret: "cymru", ...options.server };
  const random = new SeededRandom(7);
  const endpoint = new DrachtioSipEndpoint({ server, clock, random, metrics, ...options.endpoint });
  const user = new TellingUser();
  t.after(async () => {
    await endpoint.close();
    await peer.close();
  });
  return { peer, endpoint, user, clock, metrics, start: () => endpoint.start(user) };
}

export async function startedScene(t: TestContext, options: SceneOptions = {}): Promise<DrachtioScene> {
  const scene = await drachtioScene(t, options);
  await scene.start();
  return scene;
}

/** As the caller's telephone at 192.0.2.9 sends it; the server is 192.0.2.1. */
export const request = (more: Partial<RawRequest> & { readonly method: string }): string =>
  rawRequest({ via: "192.0.2.9:5060", contact: "<sip:raw@192.0.2.9:5060>", ...more });

/** For tests that let half a minute pass at once: a server cannot answer pings meanwhile. */
export const PATIENT = { answerTimeoutMs: 3_600_000 } as const;

export const LOCAL = ["", "192.0.2.1", "5060"] as const;

/** Delivers an INVITE outside of dialogs. */
export async function inviteIn(
  { peer, user }: DrachtioScene,
  transactionId = "TA",
  more: Partial<RawRequest> = {},
): Promise<IncomingInvite> {
  peer.deliver(request({ method: "INVITE", callId: "call-a", fromTag: "fa", ...more }), [transactionId, ...LOCAL]);
  return user.nextInvite();
}

export const DIALOG_A = "call-a;from-tag=fa";

/** Answers it with 200; the server confirms that and the caller the answer. */
export async function answeredIn(
  scene: DrachtioScene,
  transactionId = "TA",
): Promise<{ dialog: SipDialog; dialogUser: TellingDialogUser; invite: IncomingInvite }> {
  const invite = await inviteIn(scene, transactionId);
  invite.respond({ status: 200 });
  const dialog = invite.dialog()!;
  const dialogUser = new TellingDialogUser();
  dialog.user = dialogUser;
  const command = await scene.peer.next("SIP/2.0 200");
  scene.peer.sentResponse(command, DIALOG_A);
  scene.peer.deliver(inDialog(dialog, "ACK", 1), [transactionId, DIALOG_A]);
  await dialogUser.nextAck();
  return { dialog, dialogUser, invite };
}

/** A request of the caller's in that dialog. */
export const inDialog = (dialog: SipDialog, method: string, cseq: number, headers: readonly string[] = []): string =>
  request({ method, callId: dialog.callId, fromTag: dialog.remoteTag, toTag: dialog.localTag, cseq, headers });

export const spec = (more: Partial<OutgoingSpec> = {}): OutgoingSpec => ({
  method: "INVITE",
  uri: "sip:+12025550103@192.0.2.9",
  from: "<sip:+12025550101@192.0.2.1>",
  to: "<sip:+12025550103@192.0.2.9>",
  callId: "call-b",
  fromTag: "fb",
  targets: [{ protocol: "udp", address: "192.0.2.9", port: 5060 }],
  ...more,
});

export const DIALOG_B = "call-b;from-tag=fb";

/** The called side's answer to a request as the client sent it. */
export function answerOf(command: PeerCommand, status: number, headers: readonly string[] = [], tag = "far"): string {
  return rawResponse(withVia(command.sip), status, {
    tag,
    headers: ["Contact: <sip:raw@192.0.2.9:5060>", ...headers],
  });
}

/** The server writes Via, and in dialogs all that names them. */
export const withVia = (sip: string): string =>
  sip.replace("\r\n", "\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKserver\r\n");

/** Sends an INVITE whose transaction the server calls TB. */
export async function inviteOut(
  { peer, endpoint }: DrachtioScene,
  more: Partial<OutgoingSpec> = {},
): Promise<{ caller: TellingCaller; command: PeerCommand; outgoing: ReturnType<DrachtioSipEndpoint["invite"]> }> {
  const caller = new TellingCaller();
  const outgoing = endpoint.invite(spec(more), caller);
  const command = await peer.next("INVITE ");
  peer.sentRequest(command, "TB", withVia(command.sip));
  return { caller, command, outgoing };
}

/** It is answered and acknowledged. */
export async function answeredOut(scene: DrachtioScene): Promise<{ dialog: SipDialog; dialogUser: TellingDialogUser }> {
  const { caller, command } = await inviteOut(scene);
  scene.peer.deliver(answerOf(command, 200), ["TB", DIALOG_B]);
  const { dialog } = await caller.answer();
  const dialogUser = new TellingDialogUser();
  dialog.user = dialogUser;
  dialog.ack();
  scene.peer.sentRequest(await scene.peer.next("ACK "), "TX");
  return { dialog, dialogUser };
}
