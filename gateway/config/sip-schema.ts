import { z } from "zod";
import { cidr, count, durationMs, nextHop, port, secret } from "./field.js";
import { trunkIdentitySchema } from "./identity-schema.js";
import { trunkMediaSchema } from "./media-schema.js";

const tlsFiles = z.strictObject({
  certFile: z.string().describe("PEM certificate chain; read again on reload"),
  keyFile: z.string().describe("PEM private key; read again on reload"),
  caFile: z.string().optional().describe("PEM certificates that peers are checked against; default: the system's"),
  requestCert: z.boolean().default(false).describe("Ask peers for a certificate and refuse those without a good one"),
});

const listener = z.strictObject({
  protocol: z.enum(["udp", "tcp", "tls"]).default("udp").describe("Transport"),
  address: z.string().default("127.0.0.1").describe("Address to bind, IPv4 or IPv6"),
  port: port(5060, "Port to bind"),
  advertisedHost: z.string().optional().describe("Host written into Via and Contact instead of the bound address"),
  advertisedPort: z.int().min(1).max(65535).optional().describe("Port written into Via and Contact"),
  tls: tlsFiles.optional().describe("Certificate of a TLS listener"),
});

const hop = z.union([
  nextHop(),
  z.strictObject({
    hop: nextHop().describe("host:port or a SIP URI"),
    priority: z.int().min(0).max(65535).default(0).describe("Lower is tried first"),
    weight: z.int().min(1).max(65535).default(1).describe("Share among hops of one priority"),
    mtuSwitch: z
      .boolean()
      .default(true)
      .describe("Send requests over 1,300 bytes by TCP instead of UDP, RFC 3261 §18.1.1"),
  }),
]);

export const sipSchema = z.strictObject({
  engine: z
    .enum(["embedded", "drachtio"])
    .default("embedded")
    .describe("Who speaks SIP: our own stack, or a drachtio-server"),
  listenAddress: z.string().default("127.0.0.1").describe("Address for the first UDP and TCP listener"),
  listenPort: port(5060, "UDP and TCP port of the first listener"),
  listenProtocols: z
    .array(z.enum(["udp", "tcp"]))
    .min(1)
    .default(["udp", "tcp"])
    .describe("Transports of the first listener"),
  advertisedHost: z.string().optional().describe("Host that the first listener writes into Via and Contact"),
  advertisedPort: z
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe("Port that the first listener writes into Via and Contact"),
  listeners: z.array(listener).max(64).default([]).describe("Further listeners"),
  nextHops: z.array(hop).max(256).default([]).describe("Where calls go: the hop group `default`"),
  hopGroups: z.record(z.string(), z.array(hop).max(256)).default({}).describe("Further hop groups by name, for trunks"),
  serverName: z
    .string()
    .max(128)
    .default("Ringfence")
    .describe("Server and User-Agent of what we answer ourselves; empty: none"),
  t1Ms: durationMs(500, "Round-trip estimate T1, RFC 3261 §17.1.1.1", 1),
  t2Ms: durationMs(4000, "Longest retransmission interval T2", 1),
  t4Ms: durationMs(5000, "Longest life of a message in the network T4", 1),
  hopTimeoutMs: durationMs(2000, "Without any response for this long the next hop is tried", 100),
  udpReceiveBufferBytes: count(4_194_304, "Receive buffer asked of the kernel for each UDP socket", 0),
  udpSendBufferBytes: count(4_194_304, "Send buffer asked of the kernel for each UDP socket", 0),
  maxTransactions: count(400_000, "Live SIP transactions; above it new requests get 503", 100),
  maxCalls: count(100_000, "Live calls; above it new INVITEs get 503", 1),
  maxForks: count(16, "Early dialogs of one call that the caller is shown; further ones may still answer", 1),
  maxPendingRequests: count(16, "Requests that one side of a call may have under way; further ones get 500", 1),
  maxStandalone: count(10_000, "Relayed requests outside of calls and subscriptions; above it they get 503", 0),
  setupTimeoutMs: durationMs(300_000, "A call without a final answer for this long is ended with 408", 180_000),
  passRedirects: z.boolean().default(true).describe("A 3xx of the called side reaches the caller; else it becomes 480"),
  redressUrl: z.url().optional().describe("Signed contact card that a 608 names, RFC 8688"),
  maxConnections: count(10_000, "Open TCP and TLS connections", 1),
  maxConnectionsPerSource: count(1_000, "Open TCP and TLS connections from one address", 1),
  maxMessageBytes: count(65_535, "Largest SIP message on a stream", 1_000),
  connectionIdleMs: durationMs(900_000, "A connection that is silent for this long is closed", 1_000),
  keepAliveMs: durationMs(0, "Interval of CRLF keep-alives on connections that we opened; 0 = none, RFC 5626 §4.4.1"),
  optionsPingMs: durationMs(30_000, "Interval of OPTIONS to every next hop; 0 = none"),
  optionsTimeoutMs: durationMs(2_000, "An OPTIONS that is not answered for this long failed", 100),
  dnsTimeoutMs: durationMs(2_000, "Time-out of one DNS question", 100),
  dnsServers: z
    .array(z.string())
    .max(8)
    .default([])
    .describe("DNS servers instead of the system's, address or address:port"),
  tlsClient: z
    .strictObject({
      certFile: z.string().optional().describe("PEM certificate chain shown to peers that ask"),
      keyFile: z.string().optional().describe("PEM private key of it"),
      caFile: z
        .string()
        .optional()
        .describe("PEM certificates that next hops are checked against; default: the system's"),
      rejectUnauthorized: z
        .boolean()
        .default(true)
        .describe("Refuse next hops whose certificate is not good for their name"),
    })
    .prefault({})
    .describe("TLS towards next hops"),
  drachtio: z
    .strictObject({
      host: z.string().default("127.0.0.1").describe("Address of drachtio-server's admin port; keep it on loopback"),
      port: port(9022, "drachtio-server's admin port"),
      secret: secret().default("cymru").describe("drachtio-server's admin secret"),
      allowRemote: z
        .boolean()
        .default(false)
        .describe("Let host be no loopback address: drachtio-server obeys whoever reaches its admin port"),
      tls: z.boolean().default(false).describe("TLS towards the admin port (the server's tls-port)"),
      caFile: z
        .string()
        .optional()
        .describe("PEM certificates that the server is checked against; default: the system's"),
      leastHopTimeoutMs: durationMs(
        8000,
        "hopTimeoutMs is raised to this: drachtio-server does not tell of a hop's 100 Trying",
        100,
      ),
    })
    .prefault({})
    .describe("Used with engine drachtio"),
});

/** Mirrors `NumberPlanOptions` of detection/numbers. */
export const numberPlanSchema = z.strictObject({
  region: z
    .string()
    .regex(/^[A-Za-z]{2}$/)
    .optional()
    .describe("ISO 3166-1 alpha-2: gives country code, prefixes, lengths and emergency numbers"),
  countryCode: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .optional()
    .describe("Country code of national numbers, without +; wins over the region's"),
  internationalPrefixes: z
    .array(z.string().regex(/^\d{1,5}$/))
    .max(16)
    .optional()
    .describe("What is dialled before a country code; default: the region's, without region 00 and 011"),
  nationalPrefix: z
    .string()
    .regex(/^\d{0,5}$/)
    .optional()
    .describe("What is dialled before a national number; default: the region's"),
  bareInternational: z
    .boolean()
    .default(true)
    .describe("11 digits or more without + or prefix that begin with a country code are an international number"),
  emergencyNumbers: z
    .array(z.string().regex(/^\d{2,6}$/))
    .max(64)
    .optional()
    .describe(
      "Numbers that are never refused, blocked or ended; default: the region's, else those that every phone knows",
    ),
});

export const trunkSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .describe("Name of the trunk"),
  sources: z
    .array(cidr())
    .max(1024)
    .default([])
    .describe("Addresses that calls of this trunk come from; of all trunks' networks the narrowest counts"),
  allowFrom: z
    .array(cidr())
    .max(1024)
    .default([])
    .describe("Who may send calls of this trunk at all, however it is named; empty: no further check"),
  onForbidden: z.enum(["refuse", "drop"]).default("refuse").describe("What others than allowFrom get: 403 or nothing"),
  withheldNumbers: z
    .enum(["hide", "use"])
    .default("hide")
    .describe("hide: who asks for privacy is anonymous to us too; use: an asserted identity counts all the same"),
  trusted: z
    .boolean()
    .default(false)
    .describe(
      "Its P-Asserted-Identity, its RFC 7090 marks, and what it says of who sent a call on (Diversion …) are believed",
    ),
  callerFrom: z
    .array(z.enum(["p-asserted-identity", "remote-party-id", "from"]))
    .min(1)
    .default(["p-asserted-identity", "from"])
    .describe("Where the caller's number is read, in order; identity headers only from trusted trunks"),
  numberPlan: numberPlanSchema.prefault({}).describe("How numbers are written on this trunk"),
  hopGroup: z.string().default("default").describe("Next hops of its calls"),
  mode: z.enum(["b2bua", "redirect"]).default("b2bua").describe("Carry the call, or only answer what to do with it"),
  redirectTo: z
    .string()
    .optional()
    .describe("Contact of the 302 in redirect mode; without it an allowed call gets 404"),
  topologyHiding: z.boolean().default(false).describe("Replace Call-ID, hosts and User-Agent towards the other side"),
  requirePolicy: z
    .enum(["pass", "reject"])
    .default("pass")
    .describe("What happens to option tags in Require that we do not know"),
  relayOutOfDialog: z
    .boolean()
    .default(false)
    .describe("Relay REGISTER, SUBSCRIBE, PUBLISH, MESSAGE outside calls; else 405"),
  refusalStatus: z
    .union([z.literal(603), z.literal(607), z.literal(608)])
    .default(603)
    .describe("Final answer to a refused call"),
  maxCallDurationMs: durationMs(0, "Longest call; 0 = no limit"),
  keepAliveMs: durationMs(0, "Interval of OPTIONS inside answered calls, to find dead ones; 0 = none"),
  media: trunkMediaSchema.prefault({}).describe("What becomes of the media of its calls"),
  identity: trunkIdentitySchema.prefault({}).describe("Signed caller identity (STIR/SHAKEN)"),
});
