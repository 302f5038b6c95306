import type { preParsingHookHandler } from "fastify";
import type { ApiError } from "./errors.js";

/**
 * Refuses a request before its body is read while `most` others of the route are under way: each till its answer is out, or its client gone.
 * The answer alone does not tell the latter: one that waits behind another's, where requests were pipelined, is never told that its
 * connection is closed (Node 20), and a client may have left while a token was looked at.
 */
export function bodiesAtATime(most: number, refusal: () => ApiError): preParsingHookHandler {
  let inFlight = 0;
  return (request, reply, payload, done) => {
    const { socket } = request.raw;
    if (inFlight >= most || socket.destroyed) {
      done(refusal());
      return;
    }
    inFlight++;
    let isOver = false;
    const over = (): void => {
      if (!isOver) inFlight--;
      isOver = true;
      socket.off("close", over);
    };
    reply.raw.once("finish", over).once("close", over);
    socket.once("close", over);
    done(null, payload);
  };
}
