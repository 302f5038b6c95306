import { cpus, loadavg } from "node:os";
import { benchAgi } from "../support/agi-bench.js";
import { benchForks } from "../support/ari-fork-bench.js";
import { benchAriTeardown } from "../support/ari-teardown-bench.js";

/**
 * Bench `asterisk`: the gateway from the dialplan and over ARI. Its parts, and what they measure:
 *
 * - `agi`. `agiP99Ms`: AGI verdicts at `rate` calls a second (default 100) for `seconds` (default 20), from opening the connection to the
 *   last answer, with a client of our own; `agiAsteriskWithin20Ms`: the share of those that the dialplan of a real Asterisk asked, its calls
 *   from SIPp, which the gateway's own histogram has within 20 ms; `askedSetupP99Ms` against `unaskedSetupP99Ms`: from INVITE to 180
 *   with and without the question. `clientLateP99Ms`: how late the client itself was with its timers; where that is not small the machine
 *   was busy and the rest says little.
 * - `teardown`. `teardownP99Ms`: attacks of five callers on an Asterisk that is only watched, from sending the fifth INVITE to
 *   Asterisk's ChannelDestroyed of the last channel, told to an application of the bench's own. `teardownOutcomes`: of the calls, by the
 *   gateway's proof (`already-gone`: the fifth, hung up as refused); `teardownGatewayP99Ms`: what those proofs say.
 * - `forks`. `cpuForked` and `cpuUnforked`: CPU seconds a second of one call, of `gateway` (recogniser not counted) and `asterisk`, for
 *   the same 100 calls between two SIPp (`calls`, for `window` seconds): heard by two snoops and two external media each, and not heard.
 *
 * `failed`: parts that did not come to their end, and why; `…Skipped`: which program is missing. All parts take less than four minutes:
 * one that does not fit into that any more is not begun.
 */
type Figures = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, string>>;

interface Part {
  readonly run: (options: Options) => Promise<Figures>;
  /** What it takes at most, s. */
  readonly seconds: number;
}

const PARTS: Readonly<Record<string, Part>> = {
  teardown: { run: benchAriTeardown, seconds: 60 },
  forks: { run: benchForks, seconds: 90 },
  agi: { run: benchAgi, seconds: 90 },
};
const BUDGET_SECONDS = 240;

/** @param options `only`: names of parts, comma-separated; default all. */
export async function run(options: Options): Promise<Figures> {
  const wanted = options["only"]?.split(",") ?? Object.keys(PARTS);
  const unknown = wanted.find((name) => PARTS[name] === undefined);
  if (unknown !== undefined) throw new Error(`no part ${unknown}; there are: ${Object.keys(PARTS).join(", ")}`);
  const startedAt = performance.now();
  const loadBefore = loadavg()[0];
  const figures: Record<string, unknown> = {};
  const failed: Record<string, string> = {};
  for (const name of wanted) {
    const part = PARTS[name];
    if (part === undefined) continue;
    if ((performance.now() - startedAt) / 1_000 + part.seconds > BUDGET_SECONDS) {
      failed[name] = `not begun: it may take ${part.seconds} s, and ${BUDGET_SECONDS} s are all there is`;
      continue;
    }
    try {
      Object.assign(figures, await part.run(options));
    } catch (error) {
      failed[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return {
    ...figures,
    ...(Object.keys(failed).length === 0 ? {} : { failed }),
    tookSeconds: Math.round((performance.now() - startedAt) / 1_000),
    loadBefore,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`,
  };
}
