import { randomUUID } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { contactUriOf, routeSetOf } from "../../gateway/sip/dialog/dialog-facts.js";
import { wireHeaderName } from "../../gateway/sip/message/header-names.js";
import { parseCSeq } from "../../gateway/sip/message/header-values.js";
import { getTag, uriOf, withTag } from "../../gateway/sip/message/name-addr.js";
import { parseSipMessage } from "../../gateway/sip/message/parse-message.js";
import { SipHeaders } from "../../gateway/sip/message/sip-headers.js";
import { NO_BODY, type SipMessage, type SipRequest, type SipResponse } from "../../gateway/sip/message/sip-message.js";
import { DrachtioPeer, type PeerCommand } from "./drachtio-peer.js";
import { serializeMessage } from "./write-sip.js";

interface Where {
  readonly address: string;
  readonly port: number;
}

/** A request that came by UDP. */
interface ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly from: Where;
  readonly tag: string;
  final: boolean;
  last: Buffer | undefined;
  lastText: string;
  stopRepeating: () => void;
}

interface ClientTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly to: Where;
  readonly dialogId: string;
  heard: boolean;
  final: boolean;
  heldCancel: SipRequest | undefined;
  ack: Buffer | undefined;
}

interface DialogLeg {
  readonly callId: string;
  readonly localValue: string;
  remoteValue: string;
  cseq: number;
  remoteTarget: string;
  routes: readonly string[];
  /** Of the INVITE that is to be acknowledged. */
  inviteCseq: number;
  invite: ServerTransaction | undefined;
  outgoing: ClientTransaction | undefined;
}

/**
 * What a drachtio-server does between its two sides, as far as the contract of `SipEndpoint` needs it: UDP on loopback, one early
 * dialog an INVITE, no retransmission of requests. Named after what was seen of version 0.9.10.
 */
export class DrachtioSipSide {
  readonly peer: DrachtioPeer;
  /** Of the UDP side. */
  readonly port: number;
  readonly #socket: Socket;
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #legs = new Map<string, DialogLeg>();

  private constructor(peer: DrachtioPeer, socket: Socket) {
    this.peer = peer;
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on("message", (bytes, from) => this.#onDatagram(bytes, from));
    peer.onSip = (command) => this.#onCommand(command);
  }

  static async open(): Promise<DrachtioSipSide> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const peer = await DrachtioPeer.open({ hostPorts: `udp/127.0.0.1:${socket.address().port}` });
    return new DrachtioSipSide(peer, socket);
  }

  async close(): Promise<void> {
    for (const transaction of this.#servers.values()) transaction.stopRepeating();
    await this.peer.close();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  // From the network.

  #onDatagram(bytes: Buffer, from: Where): void {
    const parsed = parseSipMessage(bytes);
    if (!parsed.ok) return;
    if (parsed.value.kind === "response") this.#onResponse(parsed.value, bytes.toString("latin1"), from);
    else this.#onRequest(parsed.value, bytes.toString("latin1"), from);
  }

  #onRequest(request: SipRequest, text: string, from: Where): void {
    const key = serverKey(request, request.method === "ACK" || request.method === "CANCEL" ? "INVITE" : request.method);
    const known = this.#servers.get(key);
    if (request.method === "ACK") this.#onAck(request, text, from, known);
    else if (request.method === "CANCEL") this.#onCancel(request, text, from, known);
    else if (known !== undefined) {
      if (known.last !== undefined) this.#send(known.last, from);
    } else this.#newRequest(key, request, text, from);
  }

  #newRequest(key: string, request: SipRequest, text: string, from: Where): void {
    const { method } = request;
    const toTag = getTag(request.headers.get("to") ?? "");
    const transaction: ServerTransaction = {
      id: randomUUID(),
      request,
      from,
      tag: randomUUID().slice(0, 13),
      final: false,
      last: undefined,
      lastText: "",
      stopRepeating: () => undefined,
    };
    this.#servers.set(key, transaction);
    if (method === "INVITE") this.#send(serializeMessage(answer(request, 100)), from);
    const dialogId = toTag === undefined ? "" : this.#legIdOf(request);
    if (toTag !== undefined && dialogId === "") this.#refuse(transaction, 481);
    else if (toTag === undefined && !this.peer.routes.has(method.toLowerCase())) this.#refuse(transaction, 503);
    else {
      const names = toTag === undefined ? ["", "127.0.0.1", String(this.port)] : [dialogId];
      if (method === "BYE") this.#legs.delete(dialogId);
      this.peer.deliver(text, [transaction.id, ...names], from);
    }
  }

  #onAck(request: SipRequest, text: string, from: Where, invite: ServerTransaction | undefined): void {
    if (invite?.final === true && !invite.lastText.startsWith("SIP/2.0 2")) return;
    const dialogId = this.#legIdOf(request);
    const awaited = this.#legs.get(dialogId)?.invite;
    if (awaited === undefined) return;
    awaited.stopRepeating();
    this.peer.deliver(text, [awaited.id, dialogId], from);
  }

  #onCancel(request: SipRequest, text: string, from: Where, invite: ServerTransaction | undefined): void {
    const found = invite !== undefined && !invite.final;
    this.#send(serializeMessage(answer(request, found ? 200 : 481)), from);
    if (!found) return;
    const dialogId = invite.last === undefined ? "" : dialogIdOf(invite.request);
    this.#refuse(invite, 487);
    this.peer.deliver(text, [invite.id, dialogId], from);
  }

  #refuse(transaction: ServerTransaction, status: number): void {
    transaction.final = true;
    const response = answer(transaction.request, status, transaction.tag);
    transaction.last = serializeMessage(response);
    transaction.lastText = transaction.last.toString("latin1");
    this.#send(transaction.last, transaction.from);
  }

  #onResponse(response: SipResponse, text: string, from: Where): void {
    const client = this.#clients.get(branchOf(response));
    if (client === undefined || response.headers.get("cseq")?.endsWith("CANCEL") === true) return;
    const isInvite = client.request.method === "INVITE";
    client.heard = true;
    if (client.heldCancel !== undefined && response.status < 200) {
      this.#send(serializeMessage(client.heldCancel), client.to);
      client.heldCancel = undefined;
    }
    if (response.status === 100) return;
    if (client.final) {
      if (client.ack !== undefined) this.#send(client.ack, client.to);
      return;
    }
    const leg = this.#legs.get(client.dialogId);
    if (response.status >= 200) {
      client.final = true;
      if (isInvite && response.status >= 300) {
        client.ack = serializeMessage(ackFor(client.request, response));
        this.#send(client.ack, client.to);
      }
      if (client.request.method === "BYE") this.#legs.delete(client.dialogId);
    }
    if (isInvite && leg !== undefined) {
      leg.remoteValue = response.headers.get("to") ?? "";
      leg.remoteTarget = contactUriOf(response.headers) ?? leg.remoteTarget;
      leg.routes = routeSetOf(response.headers, true);
      leg.inviteCseq = parseCSeq(response.headers.get("cseq") ?? "")!.number;
      leg.outgoing = client;
    }
    this.peer.deliver(text, [client.id, client.dialogId], from);
  }

  // From the client.

  #onCommand(command: PeerCommand): void {
    const parsed = parseSipMessage(Buffer.from(command.sip, "latin1"));
    if (!parsed.ok) {
      this.peer.refuse(command, "Server error: invalid or missing method supplied on start line");
      return;
    }
    const [transactionId = "", dialogId = ""] = command.fields;
    const message = parsed.value;
    if (message.kind === "response") this.#respond(command, transactionId, message);
    else if (dialogId !== "") this.#requestInside(command, dialogId, message);
    else if (transactionId !== "") this.#cancel(command, transactionId, message);
    else this.#requestOutside(command, message);
  }

  #respond(command: PeerCommand, transactionId: string, given: SipResponse): void {
    const transaction = [...this.#servers.values()].find(({ id }) => id === transactionId);
    if (transaction === undefined || transaction.lastText.startsWith("SIP/2.0 487")) {
      this.peer.refuse(command, "Response not sent due to unknown transaction");
      return;
    }
    const { request } = transaction;
    const dialogId = dialogIdOf(request);
    if (transaction.final) {
      // Seen so: a second final answer is not sent, but the client hears of the first one again.
      this.peer.sentResponse(command, dialogId, transaction.lastText);
      return;
    }
    const tag = getTag(given.headers.get("to") ?? "") ?? transaction.tag;
    const response = answer(request, given.status, tag, given);
    const makesDialog = request.method === "INVITE" && given.status < 300;
    if (makesDialog && !response.headers.has("contact"))
      response.headers.add("Contact", `<sip:127.0.0.1:${this.port}>`);
    transaction.last = serializeMessage(response);
    transaction.lastText = transaction.last.toString("latin1");
    transaction.final = given.status >= 200;
    this.#send(transaction.last, transaction.from);
    if (makesDialog) this.#keepLeg(dialogId, transaction, response);
    this.peer.sentResponse(command, request.method === "BYE" ? "" : dialogId, transaction.lastText);
  }

  #keepLeg(dialogId: string, transaction: ServerTransaction, response: SipResponse): void {
    const { request } = transaction;
    const known = this.#legs.get(this.#legIdOf(request));
    const leg: DialogLeg = known ?? {
      callId: request.headers.get("call-id") ?? "",
      localValue: response.headers.get("to") ?? "",
      remoteValue: request.headers.get("from") ?? "",
      cseq: 123_035_000,
      remoteTarget: "",
      routes: routeSetOf(request.headers, false),
      inviteCseq: 0,
      invite: undefined,
      outgoing: undefined,
    };
    leg.remoteTarget = contactUriOf(request.headers) ?? leg.remoteTarget;
    if (known === undefined) this.#legs.set(dialogId, leg);
    if (response.status < 200) return;
    leg.invite = transaction;
    const repeat = setInterval(() => this.#send(transaction.last!, transaction.from), 300);
    transaction.stopRepeating = () => clearInterval(repeat);
  }

  #requestInside(command: PeerCommand, dialogId: string, given: SipRequest): void {
    const leg = this.#legs.get(dialogId);
    if (leg === undefined) {
      this.peer.refuse(command, "Server error: unable to find dialog for dialog id provided");
      return;
    }
    const isAck = given.method === "ACK";
    if (!isAck) leg.cseq++;
    const request = this.#build(given, {
      uri: leg.remoteTarget,
      from: leg.localValue,
      to: leg.remoteValue,
      callId: leg.callId,
      cseq: isAck ? leg.inviteCseq : leg.cseq,
      routes: leg.routes,
    });
    const to = whereOf(leg.routes[0] === undefined ? leg.remoteTarget : (uriOf(leg.routes[0]) ?? ""));
    if (isAck) {
      const bytes = serializeMessage(request);
      if (leg.outgoing !== undefined) leg.outgoing.ack = bytes;
      this.#send(bytes, to);
      this.peer.sentRequest(command, randomUUID(), bytes.toString("latin1"));
    } else this.#start(command, request, to, dialogId);
  }

  #requestOutside(command: PeerCommand, given: SipRequest): void {
    const { headers } = given;
    const from = headers.get("from") ?? "";
    const callId = headers.get("call-id") ?? randomUUID();
    const tag = getTag(from) ?? randomUUID().slice(0, 13);
    const cseq = parseCSeq(headers.get("cseq") ?? "")?.number ?? 123_035_000;
    const localValue = withTag(from, tag);
    const remoteValue = headers.get("to") ?? `<${given.uri}>`;
    const request = this.#build(given, { uri: given.uri, from: localValue, to: remoteValue, callId, cseq, routes: [] });
    const dialogId = given.method === "INVITE" ? `${callId};from-tag=${tag}` : "";
    const leg = { callId, localValue, remoteValue, cseq, remoteTarget: given.uri, routes: [], inviteCseq: cseq };
    if (dialogId !== "") this.#legs.set(dialogId, { ...leg, invite: undefined, outgoing: undefined });
    this.#start(command, request, whereOf(command.fields[2] ?? given.uri), dialogId);
  }

  #start(command: PeerCommand, request: SipRequest, to: Where, dialogId: string): void {
    const client: ClientTransaction = {
      id: randomUUID(),
      request,
      to,
      dialogId,
      heard: false,
      final: false,
      heldCancel: undefined,
      ack: undefined,
    };
    this.#clients.set(branchOf(request), client);
    const bytes = serializeMessage(request);
    this.#send(bytes, to);
    this.peer.sentRequest(command, client.id, bytes.toString("latin1"));
  }

  #cancel(command: PeerCommand, transactionId: string, given: SipRequest): void {
    const client = [...this.#clients.values()].find(({ id }) => id === transactionId);
    if (client === undefined || client.final) {
      this.peer.refuse(command, `unable to cancel unknown transaction id: ${transactionId}`);
      return;
    }
    const headers = new SipHeaders();
    for (const [name, value] of client.request.headers)
      if (/^(via|from|to|call-id|max-forwards)$/i.test(name)) headers.add(name, value);
    headers.add("CSeq", client.request.headers.get("cseq")!.replace("INVITE", "CANCEL"));
    for (const [name, value] of given.headers) if (!/^content-length$/i.test(name)) headers.add(name, value);
    const cancel: SipRequest = { kind: "request", method: "CANCEL", uri: client.request.uri, headers, body: NO_BODY };
    if (client.heard) this.#send(serializeMessage(cancel), client.to);
    else client.heldCancel = cancel;
    this.peer.sentRequest(command, randomUUID(), serializeMessage(cancel).toString("latin1"));
  }

  #build(
    given: SipRequest,
    own: { uri: string; from: string; to: string; callId: string; cseq: number; routes: readonly string[] },
  ): SipRequest {
    const headers = new SipHeaders();
    headers.add("Via", `SIP/2.0/UDP 127.0.0.1:${this.port};rport;branch=z9hG4bK${randomUUID()}`);
    for (const route of own.routes) headers.add("Route", route);
    headers.add("Max-Forwards", given.headers.get("max-forwards") ?? "70");
    headers.add("From", own.from);
    headers.add("To", own.to);
    headers.add("Call-ID", own.callId);
    headers.add("CSeq", `${own.cseq} ${given.method}`);
    if (given.method === "INVITE" && !given.headers.has("contact"))
      headers.add("Contact", `<sip:127.0.0.1:${this.port}>`);
    copyAdded(given.headers, headers);
    return { kind: "request", method: given.method, uri: own.uri, headers, body: given.body };
  }

  /** Empty: no such dialog. */
  #legIdOf(request: SipRequest): string {
    const callId = request.headers.get("call-id") ?? "";
    const tags = ["from", "to"].map((key) => getTag(request.headers.get(key) ?? "") ?? "");
    return tags.map((tag) => `${callId};from-tag=${tag}`).find((id) => this.#legs.has(id)) ?? "";
  }

  #send(bytes: Buffer, to: Where): void {
    this.#socket.send(bytes, to.port, to.address);
  }
}

/** What the server never takes from its client, or writes itself. */
const NOT_ADDED = /^(via|route|record-route|rseq|content-length|from|to|call-id|cseq|max-forwards)$/i;

function copyAdded(from: SipHeaders, to: SipHeaders): void {
  for (const [name, value] of from) if (!NOT_ADDED.test(name)) to.add(name, value);
}

function answer(request: SipRequest, status: number, tag?: string, given?: SipResponse): SipResponse {
  const headers = new SipHeaders();
  for (const key of ["via", "record-route", "from", "to", "call-id", "cseq"]) {
    for (const value of request.headers.all(key)) {
      const tagged = key === "to" && tag !== undefined && getTag(value) === undefined;
      headers.add(wireHeaderName(key), tagged ? withTag(value, tag) : value);
    }
  }
  if (given !== undefined) copyAdded(given.headers, headers);
  return { kind: "response", status, reason: given?.reason ?? "Reason", headers, body: given?.body ?? NO_BODY };
}

/** RFC 3261 §17.1.1.3 */
function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  const headers = new SipHeaders();
  for (const key of ["via", "from", "call-id", "max-forwards"])
    headers.add(wireHeaderName(key), invite.headers.get(key) ?? "");
  headers.add("To", response.headers.get("to") ?? "");
  headers.add("CSeq", invite.headers.get("cseq")!.replace("INVITE", "ACK"));
  return { kind: "request", method: "ACK", uri: invite.uri, headers, body: NO_BODY };
}

/** The server's name: the From tag of the request that made it, here seen from the called end. */
const dialogIdOf = ({ headers }: SipRequest): string =>
  `${headers.get("call-id") ?? ""};from-tag=${getTag(headers.get("from") ?? "") ?? ""}`;

const branchOf = (message: SipMessage): string => /;branch=([^;,]+)/.exec(message.headers.get("via") ?? "")?.[1] ?? "";
const serverKey = (request: SipRequest, method: string): string => `${method} ${branchOf(request)}`;

function whereOf(uri: string): Where {
  const [, address = "127.0.0.1", port = "5060"] = /^sips?:(?:[^@]*@)?([^:;>]+):(\d+)/.exec(uri) ?? [];
  return { address, port: Number(port) };
}
