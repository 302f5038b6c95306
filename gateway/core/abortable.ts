/**
 * `work`, or the signal's reason as soon as it aborts, or at once where it has. The work itself cannot be taken back: nobody waits for it any
 * more, and what becomes of it is not told.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
    if (signal.aborted) stop();
  });
}
