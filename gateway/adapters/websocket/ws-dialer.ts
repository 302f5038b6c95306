import { WebSocket } from "ws";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";
import type { DialOptions, WebSocketDialer, WebSocketPeer, WebSocketUser } from "../../ports/web-socket.js";
import { WsPeer } from "./web-socket-peer.js";

/** Opens WebSockets. Redirects are not followed and nothing is compressed. */
export class WsDialer implements WebSocketDialer {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  dial(options: DialOptions, user: WebSocketUser): Promise<WebSocketPeer> {
    return new Promise((resolve, reject) => {
      const socket = openSocket(options);
      let settled = false;
      const fail = (error: GatewayError): void => {
        if (settled) return;
        settled = true;
        cancel();
        socket.terminate();
        reject(error);
      };
      const cancel = this.#clock.callAt(monoMs(this.#clock.mono() + options.timeoutMs), () =>
        fail(new GatewayError("websocket.unavailable", `no WebSocket within ${options.timeoutMs} ms`)),
      );
      socket.on("error", (cause) =>
        fail(new GatewayError("websocket.unavailable", `no WebSocket: ${codeOf(cause)}`, { cause })),
      );
      socket.on("unexpected-response", (_request, response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        fail(new GatewayError("websocket.rejected", `WebSocket answered with ${status}`, { cause: { status } }));
      });
      socket.on("open", () => {
        if (settled) return;
        settled = true;
        cancel();
        const peer = new WsPeer(socket, options, this.#clock);
        peer.attach(user);
        resolve(peer);
      });
    });
  }
}

/** @throws GatewayError `websocket.unavailable`: not a URL of a WebSocket. */
function openSocket({ url, protocols, headers, timeoutMs, maxMessageBytes }: DialOptions): WebSocket {
  try {
    return new WebSocket(url, [...(protocols ?? [])], {
      headers: { ...headers },
      handshakeTimeout: timeoutMs,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      followRedirects: false,
    });
  } catch (cause) {
    throw new GatewayError("websocket.unavailable", "not the URL of a WebSocket", { cause });
  }
}

function codeOf(cause: Error): string {
  return "code" in cause && typeof cause.code === "string" ? cause.code : "failed";
}
