/** A pair of ports that only hears: a recording session's stream, or a subscription to rtpengine. */
export interface ReceivingPort {
  /** IP literal to write into c=. */
  readonly address: string;
  /** RTP; RTCP is the next one, or the same where `rtcpMux`. */
  readonly port: number;
  /** Only packets from there count; undefined: learn from the first packet. The address alone may be given (port 0). */
  expect(peer: { readonly address: string; readonly port: number } | undefined): void;
  /** Free the ports. Safe to call twice. */
  close(): void;
}

export interface ReceiveOptions {
  /** From `HeardStreams.open`: packets go into the ring under this number. */
  readonly streamId: number;
  readonly family: 4 | 6;
  /**
   * SDES keys of the sender (RFC 4568), where the session description had them: `suite`, base64 key‖salt, and how many bytes of
   * master key identifier every packet carries.
   */
  readonly crypto?: { readonly suite: string; readonly keySalt: string; readonly mkiBytes?: number };
  /** Nothing came for this long, ms: told once, ports stay. 0: never. */
  readonly idleMs: number;
  onIdle(): void;
}

/** Adapter: rtp-relay, the same sockets and thread as the relay. */
export interface MediaReceiver {
  /** @throws GatewayError `media.full`, `media.unavailable`. */
  receive(options: ReceiveOptions): Promise<ReceivingPort>;
}
