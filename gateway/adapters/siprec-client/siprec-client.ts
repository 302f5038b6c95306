import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import type { IncomingRequest, SipDialog, SipEndpoint, SipTarget } from "../../ports/sip-endpoint.js";
import type { SipResponse } from "../../sip/message/sip-message.js";
import { parseSdp } from "../../sip/sdp/parse-sdp.js";
import { mediaStreamsOf } from "../../sip/sdp/media-streams.js";
import { clientInvites, payloadTypeOf, type ClientCall, type ClientInvite } from "./client-session.js";
import { RtpSocket, sendTracks, type RtpTrack } from "./rtp-sender.js";

export interface ClientDestination {
  /** Request-URI. */
  readonly uri: string;
  readonly targets: readonly SipTarget[];
  /** Our address towards it, for RTP. */
  readonly localAddress: string;
}

export interface ClientOutcome {
  /** Final status of the INVITE that was answered worst. */
  readonly status: number;
  readonly reason: string;
  /** No peer answered: time-out or transport failure. */
  readonly local: boolean;
  /** Lines that the server wants, of those that were offered. */
  readonly accepted: number;
  readonly offered: number;
  readonly packets: number;
  /** `sent`: all of it. `ended`: the server said BYE before. `refused`: nothing was sent. */
  readonly end: "sent" | "ended" | "refused";
  readonly tookMs: number;
}

export interface SiprecClientDeps {
  readonly endpoint: SipEndpoint;
  readonly clock: Clock;
  readonly random: Random;
}

/** A BYE has this long to be answered, ms. */
const BYE_MS = 4_000;
/** Between the last packet and the BYE, so that it does not overtake it, ms. */
const LINGER_MS = 100;
/** Without any answer for so long nobody is there, ms. */
const SILENCE_MS = 5_000;

interface Session {
  readonly invite: ClientInvite;
  readonly dialog: SipDialog | undefined;
  readonly response: SipResponse;
  readonly local: boolean;
}

/** Records a call to a recording server: the part of a session border controller, for tests and demonstrations. */
export class SiprecClient {
  readonly #deps: SiprecClientDeps;

  constructor(deps: SiprecClientDeps) {
    this.#deps = deps;
  }

  /** Sends the whole of it in the time that it lasts. @throws GatewayError `media.unavailable` where no socket is to be had. */
  async record(call: ClientCall, to: ClientDestination, signal: AbortSignal): Promise<ClientOutcome> {
    const { clock, random } = this.#deps;
    const startedAt = clock.mono();
    const sockets = await openSockets(call.tracks.length, to.localAddress);
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    try {
      const ports = sockets.map(({ port }) => ({ address: to.localAddress, port }));
      const sessions: Session[] = [];
      for (const invite of clientInvites(call, ports, random)) sessions.push(await this.#invite(invite, to, abort));
      const refused = sessions.find(({ dialog }) => dialog === undefined);
      const tracks = tracksOf(call, sessions);
      const ready = refused === undefined && !stop.signal.aborted;
      const pairs = tracks.flatMap((track, i) => (sockets[i] === undefined ? [] : [{ socket: sockets[i], track }]));
      const packets = ready ? await sendTracks(pairs, { clock, random, signal: stop.signal }) : 0;
      if (ready) await new Promise<void>((resolve) => clock.callAt(monoMs(clock.mono() + LINGER_MS), resolve));
      await Promise.all(sessions.map((session) => this.#hangUp(session)));
      const told = refused ?? sessions[0];
      return {
        status: told?.response.status ?? 0,
        reason: told?.response.reason ?? "",
        local: told?.local ?? true,
        accepted: tracks.filter(({ to: where }) => where !== undefined).length,
        offered: call.tracks.length,
        packets,
        end: refused !== undefined ? "refused" : stop.signal.aborted ? "ended" : "sent",
        tookMs: clock.mono() - startedAt,
      };
    } finally {
      signal.removeEventListener("abort", abort);
      for (const socket of sockets) socket.close();
    }
  }

  #invite(invite: ClientInvite, to: ClientDestination, onBye: () => void): Promise<Session> {
    const { from, contactParams, headers, body } = invite;
    const spec = {
      method: "INVITE",
      uri: to.uri,
      targets: to.targets,
      from,
      to: `<${to.uri}>`,
      contactParams,
      headers,
      body,
      noResponseMs: SILENCE_MS,
    };
    return new Promise((resolve) => {
      this.#deps.endpoint.invite(spec, {
        onFinal: (response, local) => resolve({ invite, dialog: undefined, response, local }),
        onAnswer: (response, dialog) => {
          dialog.user = { onRequest: (request) => answer(request, onBye) };
          if (invite.answer === undefined) dialog.ack();
          else dialog.ack({ headers: [["Content-Type", "application/sdp"]], body: invite.answer });
          resolve({ invite, dialog, response, local: false });
        },
      });
    });
  }

  #hangUp({ dialog }: Session): Promise<void> {
    if (dialog === undefined || dialog.state === "terminated") return Promise.resolve();
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const cancel = clock.callAt(monoMs(clock.mono() + BYE_MS), resolve);
      dialog.request(
        { method: "BYE" },
        {
          onFinal: () => {
            cancel();
            resolve();
          },
        },
      );
    });
  }
}

function answer(request: IncomingRequest, onBye: () => void): void {
  const { method } = request.request;
  const known = method === "BYE" || method === "OPTIONS" || method === "UPDATE" || method === "INFO";
  request.respond({ status: known ? 200 : 488 });
  if (method === "BYE") onBye();
}

/** Where each track of the call goes, by what the answers say. */
function tracksOf(call: ClientCall, sessions: readonly Session[]): readonly RtpTrack[] {
  const payloadType = payloadTypeOf(call.codec);
  const wanted = sessions.flatMap(({ invite, response }) => {
    const sdp = parseSdp(Buffer.from(response.body).toString("latin1"));
    const streams = sdp.ok ? mediaStreamsOf(sdp.value) : [];
    return invite.tracks.map((track, index) => ({ track, stream: streams[index] }));
  });
  return call.tracks.map((track) => {
    const stream = wanted.find((each) => each.track === track)?.stream;
    const takes = stream?.formats.some((format) => format.payloadType === payloadType) ?? false;
    const to =
      stream?.address === undefined || !stream.active || !takes
        ? undefined
        : { address: stream.address, port: stream.port };
    return { payloadType, audio: track.audio, to };
  });
}

async function openSockets(count: number, address: string): Promise<readonly RtpSocket[]> {
  const sockets: RtpSocket[] = [];
  try {
    for (let i = 0; i < count; i++) sockets.push(await RtpSocket.open(address));
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error instanceof GatewayError
      ? error
      : new GatewayError("media.unavailable", "no socket for RTP", { cause: error });
  }
}
