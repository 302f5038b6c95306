/** As a shell shows a process that SIGPIPE ended: 128 and its number. */
export const BROKEN_PIPE_STATUS = 141;

/** The part of a stream that is needed here. */
export interface ErringStream {
  on(event: "error", take: (error: Error) => void): unknown;
  listenerCount(event: "error"): number;
}

export const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EPIPE";

/**
 * Who reads what a command prints has gone, as `| head` does: it ends without a word. Where a command takes errors of the stream by
 * itself, as it has a store to close, that is left to it.
 */
export function endAtBrokenPipe(streams: readonly ErringStream[], exit: (status: number) => void): void {
  for (const stream of streams)
    stream.on("error", (error) => {
      if (stream.listenerCount("error") > 1) return;
      if (!isBrokenPipe(error)) throw error;
      exit(BROKEN_PIPE_STATUS);
    });
}
