import { z } from "zod";
import { count } from "./field.js";

/** What may be kept, what may leave the house. */
export const privacySchema = z.strictObject({
  strict: z
    .boolean()
    .default(false)
    .describe(
      "Strict-data mode: the gateway does not start when anything in its settings would reach a host outside allowedHosts",
    ),
  allowedHosts: z
    .array(z.string().min(1).max(255))
    .max(1_024)
    .default(["127.0.0.0/8", "::1/128", "localhost"])
    .describe(
      "Strict-data mode: addresses, networks and host names of the operator's own machines; `*.example.org` takes all below it",
    ),
  allowModules: z
    .boolean()
    .default(false)
    .describe("Strict-data mode: speech.engine may be a module; what it sends where, nobody checks"),
  redactPhones: z
    .boolean()
    .default(false)
    .describe("Redact telephone numbers in what was said, too, beside card numbers, codes and ids"),
  keepTranscripts: z
    .boolean()
    .default(false)
    .describe(
      "Keep the redacted text of calls that were listened to, encrypted; default: memory only, until the call is over",
    ),
  keepAudio: z
    .boolean()
    .default(false)
    .describe(
      "Keep the speech of such calls too (with keepTranscripts), encrypted, silent where something was redacted, in store.folder/audio",
    ),
  audioCallMib: count(128, "Speech that is kept of one call at most, MiB; a minute of talk has 1.9", 1, 1_023),
  audioTotalMib: count(10_240, "Speech that is kept in all, MiB; further one is dropped and counted", 1, 1_073_741_824),
  transcriptDays: count(30, "Days that transcripts are kept", 1, 3_650),
  audioDays: count(7, "Days that audio is kept; not longer than transcripts, which tell whose it is", 1, 3_650),
  keyFile: z
    .string()
    .optional()
    .describe(
      "File with the keys for data at rest; default: keys.json in store.folder, made at the first start with mode 0600",
    ),
});
