/**
 * Every way in which the world fails us, whatever raises it. What only the HTTP API answers of a request that cannot be
 * done is in `gateway/api/api-errors.ts`; docs/reference/errors.md is generated from both tables.
 */
export const ERRORS = {
  "config.invalid": {
    retryable: false,
    fault: "operator",
    meaning: "The configuration has an unknown key or a bad value; the path is named.",
  },
  "config.conflict": {
    retryable: false,
    fault: "operator",
    meaning: "A source environment variable and its canonical key disagree.",
  },
  "listen.failed": {
    retryable: false,
    fault: "operator",
    meaning: "A socket could not be opened: address in use, not ours, or no permission.",
  },
  "tls.certificate": {
    retryable: false,
    fault: "operator",
    meaning: "A certificate or key is missing, unreadable or does not match.",
  },
  "dns.failed": { retryable: true, fault: "upstream", meaning: "A next hop's name could not be resolved (RFC 3263)." },
  "sip.transport": {
    retryable: true,
    fault: "peer",
    meaning: "A SIP message could not be sent: refused, unreachable, connection lost.",
  },
  "sip.engine": {
    retryable: true,
    fault: "upstream",
    meaning: "The SIP engine behind the adapter (drachtio-server) failed or is gone.",
  },
  "store.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "The database cannot be reached; records wait in the queue or in the spill file.",
  },
  "store.rejected": {
    retryable: false,
    fault: "us",
    meaning: "The database refused a record; it is kept in the reject file.",
  },
  "store.locked": { retryable: false, fault: "operator", meaning: "Another process holds the store folder." },
  "store.schema": {
    retryable: false,
    fault: "operator",
    meaning: "The database was made by a newer version of the program; nothing was changed.",
  },
  "store.full": {
    retryable: false,
    fault: "operator",
    meaning: "No space left for the store, the spill file or the audit log.",
  },
  "journal.failed": { retryable: true, fault: "operator", meaning: "The dialog journal could not be written or read." },
  "audit.tampered": {
    retryable: false,
    fault: "operator",
    meaning: "The audit log's hash chain is broken at the record named.",
  },
  "switch.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "The voice switch's control API did not answer.",
  },
  "switch.rejected": {
    retryable: false,
    fault: "upstream",
    meaning: "The voice switch's control API refused, or answered with an error member.",
  },
  "ari.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "An Asterisk's ARI does not answer, or not in time.",
  },
  "ari.rejected": {
    retryable: false,
    fault: "upstream",
    meaning: "An Asterisk's ARI refused a request; the message has its status and words.",
  },
  "ari.credentials": {
    retryable: false,
    fault: "operator",
    meaning: "An Asterisk's ARI does not know the user or the password.",
  },
  "websocket.unavailable": { retryable: true, fault: "upstream", meaning: "A WebSocket could not be opened." },
  "websocket.rejected": {
    retryable: false,
    fault: "upstream",
    meaning: "A WebSocket's handshake was answered with another HTTP status.",
  },
  "tts.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "The speech synthesiser is not installed, failed, or did not answer in time.",
  },
  "identity.certificate": {
    retryable: true,
    fault: "peer",
    meaning: "The certificate of a signed caller identity could not be fetched or does not hold.",
  },
  "block.refused": {
    retryable: false,
    fault: "operator",
    meaning: "A block was not added: it would hit everybody, its TTL is out of range, or there is no room for more.",
  },
  "trace.refused": {
    retryable: false,
    fault: "operator",
    meaning: "A SIP trace could not be started: too many at a time, or its file cannot be written.",
  },
  "report.busy": {
    retryable: true,
    fault: "operator",
    meaning: "As many reports as may be made at a time are being made.",
  },
  "report.pdf": {
    retryable: true,
    fault: "operator",
    meaning: "A report could not be printed as PDF: no Chromium, or it failed or took too long.",
  },
  "backoffice.lost": {
    retryable: true,
    fault: "us",
    meaning: "The back-office worker (store, HTTP) ended; it is being restarted, calls go on.",
  },
  "media.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "The media relay or rtpengine does not answer; calls go on with their media untouched and unheard.",
  },
  "media.full": { retryable: true, fault: "operator", meaning: "No free port pair in the media port range." },
  "media.rejected": {
    retryable: false,
    fault: "peer",
    meaning: "A session description, a key or a prompt cannot be used by the media relay.",
  },
  "audio.invalid": {
    retryable: false,
    fault: "peer",
    meaning: "An audio file is truncated, lies about its length, or has a coding that is not supported.",
  },
  "stt.unavailable": { retryable: true, fault: "upstream", meaning: "The speech recogniser is not there or has died." },
  "stt.busy": { retryable: true, fault: "operator", meaning: "More speech waits than the recogniser can take." },
  "stt.timeout": { retryable: true, fault: "upstream", meaning: "The speech recogniser did not answer in time." },
  "stt.rejected": {
    retryable: false,
    fault: "upstream",
    meaning: "The speech recogniser refused the audio or answered something that is no transcript.",
  },
  "stt.language": {
    retryable: false,
    fault: "operator",
    meaning: "The speech recogniser's model does not know the language that was asked for: it knows English only.",
  },
  "model.missing": {
    retryable: false,
    fault: "operator",
    meaning: "A model file is not there, or the engine that loads it is not installed; the message says how to get it.",
  },
  "model.invalid": {
    retryable: false,
    fault: "operator",
    meaning: "A model file is truncated, or not the one that its size and hash promise.",
  },
  "judge.unavailable": { retryable: true, fault: "upstream", meaning: "The language model is not there or has died." },
  "judge.timeout": { retryable: true, fault: "upstream", meaning: "The language model did not answer in time." },
  "privacy.forbidden": {
    retryable: false,
    fault: "operator",
    meaning: "Something would leave the hosts that are allowed (privacy.allowedHosts).",
  },
  "crypto.key": {
    retryable: false,
    fault: "operator",
    meaning: "A key for data at rest is missing, unreadable or not the one that the data was written with.",
  },
  "subject.forgotten": {
    retryable: false,
    fault: "operator",
    meaning:
      "What was asked for belonged to somebody whose data was deleted: the key that it was sealed with is destroyed.",
  },
  "records.file": {
    retryable: false,
    fault: "operator",
    meaning: "A file of call records cannot be read, is no text, or is not of the coding that was given.",
  },
  "recording.refused": {
    retryable: false,
    fault: "operator",
    meaning: "A recording may not be fetched from there: its scheme, host or address is not among those allowed.",
  },
  "recording.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "A recording could not be downloaded: no answer, a bad status, or the connection was lost.",
  },
  "recording.invalid": {
    retryable: false,
    fault: "peer",
    meaning: "A recording is no audio, empty, too large, too long, or in a codec that ffmpeg does not know.",
  },
  "recording.deleted": {
    retryable: false,
    fault: "peer",
    meaning: "That recording was here and was deleted. Only a person, by API or upload, can have it worked on again.",
  },
  "recording.full": {
    retryable: true,
    fault: "operator",
    meaning: "Too many recordings wait, or there is no room for more of their files.",
  },
  "ffmpeg.missing": {
    retryable: true,
    fault: "operator",
    meaning: "ffmpeg or ffprobe is not installed or cannot be started.",
  },
  "oidc.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "The keys of the OpenID Connect issuer cannot be fetched, or are too old: no token of it is taken.",
  },
  "crm.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "The CRM did not take a result: no answer, or a status that says to try again.",
  },
  "crm.rejected": {
    retryable: false,
    fault: "upstream",
    meaning: "The CRM refused a result for good; the message has its status.",
  },
  "webex.unavailable": {
    retryable: true,
    fault: "upstream",
    meaning: "Webex does not answer, not in time, or asks to wait; the next poll goes on where this one stopped.",
  },
  "webex.rejected": {
    retryable: false,
    fault: "operator",
    meaning:
      "Webex refused a request: a scope or role is missing, another region has the data, or the answer is no JSON.",
  },
  "webex.credentials": {
    retryable: false,
    fault: "operator",
    meaning: "Webex does not take the access token, and it could not be renewed.",
  },
} as const satisfies Record<string, ErrorKind>;

interface ErrorKind {
  readonly retryable: boolean;
  /** Who has to act; becomes the `fault` label of gateway_errors_total. */
  readonly fault: "us" | "peer" | "upstream" | "operator";
  readonly meaning: string;
}

export type ErrorCode = keyof typeof ERRORS;

/** The outside world failed. Thrown by adapters only; callers branch on `code`, never on the message. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
