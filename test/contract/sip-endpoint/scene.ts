import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import type { IncomingInvite, OutgoingSpec, SipDialog, SipEndpoint } from "../../../gateway/ports/sip-endpoint.js";
import { headerOf, tagOf } from "../../support/raw-message.js";
import type { RawUa } from "../../support/raw-ua.js";
import { TellingCaller, TellingDialogUser, type TellingUser } from "../../support/telling-users.js";

/** What the suite is told to judge. */
export interface EndpointUnderTest {
  /** Not started yet. It must listen on UDP at an IPv4 address that 127.0.0.1 reaches. */
  readonly endpoint: SipEndpoint;
  /** After the endpoint was closed: ends what was started around it. */
  close?(): Promise<void>;
}

export interface Scene {
  readonly endpoint: SipEndpoint;
  readonly user: TellingUser;
  readonly ua: RawUa;
  readonly spec: (more?: Partial<OutgoingSpec>) => OutgoingSpec;
}

export type Scenario = (title: string, run: (scene: Scene, t: TestContext) => Promise<void>) => void;

export const SDP =
  "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
export const sdpHeaders = [["Content-Type", "application/sdp"]] as const;
export const text = (body: Uint8Array): string => Buffer.from(body).toString("latin1");

/** Sends an INVITE and hands out what the endpoint's user got. */
export async function callIn(
  { ua, user }: Scene,
  headers: readonly string[] = [],
  body = "",
): Promise<{ invite: IncomingInvite; sent: string; id: string }> {
  const id = unique();
  const sent = ua.request({ method: "INVITE", callId: id, branch: `z9hG4bK${id}`, fromTag: `f${id}`, headers, body });
  return { invite: await user.nextInvite(), sent, id };
}

export async function answeredCallIn(
  scene: Scene,
): Promise<{ dialog: SipDialog; dialogUser: TellingDialogUser; id: string; toTag: string }> {
  const { invite, id } = await callIn(scene);
  const dialogUser = new TellingDialogUser();
  const answer = respondAndTakeDialog(invite, dialogUser);
  const toTag = tagOf(headerOf(await scene.ua.receive("SIP/2.0 200"), "To"))!;
  scene.ua.request({ method: "ACK", callId: id, branch: `z9hG4bKa${id}`, fromTag: `f${id}`, toTag });
  await dialogUser.nextAck();
  return { dialog: answer, dialogUser, id, toTag };
}

export function respondAndTakeDialog(invite: IncomingInvite, user: TellingDialogUser): SipDialog {
  assert.equal(invite.respond({ status: 200, headers: sdpHeaders, body: Buffer.from(SDP) }), true);
  const dialog = invite.dialog();
  assert.ok(dialog !== undefined, "no dialog after 200");
  dialog.user = user;
  return dialog;
}

export async function answeredCallOut({
  endpoint,
  ua,
  spec,
}: Scene): Promise<{ dialog: SipDialog; dialogUser: TellingDialogUser; invite: string }> {
  const caller = new TellingCaller();
  endpoint.invite(spec(), caller);
  const invite = await ua.receive("INVITE ");
  ua.respond(invite, 200, { tag: "far" });
  const { dialog } = await caller.answer();
  const dialogUser = new TellingDialogUser();
  dialog.user = dialogUser;
  dialog.ack();
  await ua.receive("ACK ");
  return { dialog, dialogUser, invite };
}

/** For Call-IDs and branches: a real server behind an adapter remembers those of earlier runs. */
export const unique = (): string => randomUUID().replaceAll("-", "");
