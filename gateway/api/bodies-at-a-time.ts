import type { preParsingHookHandler } from "fastify";
import type { ApiError } from "./errors.js";

/** Refuses a request before its body is read while `most` others of the route are under way: each till its answer is out, or its client gone. */
export function bodiesAtATime(most: number, refusal: () => ApiError): preParsingHookHandler {
  let inFlight = 0;
  return (_request, reply, payload, done) => {
    if (inFlight >= most) {
      done(refusal());
      return;
    }
    inFlight++;
    let isOver = false;
    const over = (): void => {
      if (!isOver) inFlight--;
      isOver = true;
    };
    reply.raw.once("finish", over).once("close", over);
    done(null, payload);
  };
}
