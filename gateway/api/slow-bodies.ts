import type { FastifyInstance, FastifyRequest } from "fastify";
import { monoMs } from "../core/time.js";
import type { ApiErrorCode } from "./api-errors.js";
import type { ApiDeps } from "./api-options.js";

/** What is needed of a socket. */
interface BrokenConnection {
  readonly writable: boolean;
  destroy(): unknown;
  end(text: string): unknown;
}

/**
 * A body that is not whole in time ends its connection with 408. Node's own limit, `requestTimeout`, is one for all routes: what is long
 * enough for a recording over a slow line lets an event trickle in for minutes. It stays as the last bar (build-api.ts).
 *
 * `config.upload` of a route: its body has `uploadTimeoutMs`, and is over when no byte comes for `requestTimeoutMs`.
 */
export function limitSlowBodies(app: FastifyInstance, { clock, options }: Pick<ApiDeps, "clock" | "options">): void {
  const { requestTimeoutMs, uploadTimeoutMs } = options.limits;
  app.addHook("onRequest", (request, _reply, done) => {
    const { raw } = request;
    const isUpload = request.routeOptions.config.upload === true;
    if (hasBody(request)) watch(isUpload ? uploadTimeoutMs : requestTimeoutMs);
    done();

    function watch(wholeMs: number): void {
      const endsAt = clock.mono() + wholeMs;
      let seen = -1;
      let cancel = (): void => undefined;
      const look = (): void => {
        const now = clock.mono();
        // What `inject` hands in has no socket, and comes whole.
        const { bytesRead } = raw.socket as { readonly bytesRead?: number };
        if (bytesRead === undefined || raw.complete || raw.destroyed) return;
        if (now >= endsAt || bytesRead === seen) {
          endSlow(raw.socket);
          return;
        }
        seen = bytesRead;
        cancel = clock.callAt(monoMs(Math.min(endsAt, now + requestTimeoutMs)), look);
      };
      raw.once("end", () => cancel()).once("close", () => cancel());
      look();
    }
  });
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

function endSlow(socket: BrokenConnection): void {
  answerBrokenHttp(Object.assign(new Error("too slow"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket);
  socket.destroy();
}

/** What cannot even be read as HTTP gets the same shape of answer, and the connection is closed. */
export function answerBrokenHttp(error: Error & { code?: string }, socket: BrokenConnection): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const slow = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const status = slow
    ? "408 Request Timeout"
    : error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : "400 Bad Request";
  const problem: { readonly code: ApiErrorCode; readonly message: string } = slow
    ? { code: "request.timed-out", message: "the request took too long to arrive" }
    : { code: "request.malformed", message: "not readable as HTTP" };
  const body = JSON.stringify({ error: problem });
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body);
}
