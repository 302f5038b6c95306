import { isIP } from "node:net";
import type { AskingServer } from "../../adapters/asterisk-agi/agi-scripts.js";
import type { Config } from "../../config/schema.js";
import { DEFAULT_ASTERISK } from "../../core/asterisk-call-id.js";
import type { Log } from "../../core/log.js";

type Servers = Config["asterisk"]["servers"];

const ID = /^[\w.-]{1,64}$/;
const LOOPBACK = new Set(["127.0.0.1", "::1"]);
/** Wrong names that are told of; further ones are not. */
const MOST_TOLD = 16;
const REMEDY = "set RINGFENCE_SERVER in the [globals] of that Asterisk's dialplan to its asterisk.servers[].id";

interface Found {
  readonly id: string;
  /** It may be another Asterisk than ARI watches: its calls would be counted and recorded twice. */
  readonly isDoubtful: boolean;
}

/**
 * Which Asterisk asks. What the dialplan says and what ARI watches have to come to one id: a call has one name by it.
 * The server that the dialplan names; where it names none, or the one that asterisk-conf writes by default, the only one at whose ARI's
 * address the request comes from, else the only one that is configured. A name that is none of theirs is that of the only one too.
 */
export class AskingServers {
  readonly #log: Log;
  readonly #byId: ReadonlyMap<string, AskingServer>;
  readonly #byAddress = new Map<string, string | undefined>();
  readonly #only: { readonly id: string; readonly address: string | undefined } | undefined;
  readonly #told = new Set<string>();

  constructor(servers: Servers, log: Log) {
    this.#log = log;
    this.#byId = new Map(servers.map(({ id, trunk }) => [id, { id, ...(trunk === undefined ? {} : { trunk }) }]));
    for (const { id, ariUrl } of servers) {
      const address = addressOf(ariUrl);
      // Two behind one address: it tells nothing.
      if (address !== undefined) this.#byAddress.set(address, this.#byAddress.has(address) ? undefined : id);
    }
    const [first] = servers;
    if (servers.length === 1 && first !== undefined) this.#only = { id: first.id, address: addressOf(first.ariUrl) };
  }

  /** @param named What the dialplan says, if anything. @param address Of the connection. */
  of(named: string | undefined, address: string): AskingServer {
    const known = named === undefined ? undefined : this.#byId.get(named);
    if (known !== undefined) return known;
    const { id, isDoubtful } = this.#find(named, plain(address));
    if (isDoubtful) this.#tell(named, id);
    return this.#byId.get(id) ?? { id };
  }

  /** Names by which a dialplan asked that are none of the servers'; so many at most. */
  get wrongNames(): readonly string[] {
    return [...this.#told];
  }

  #find(named: string | undefined, address: string): Found {
    const isName = named !== undefined && ID.test(named);
    if (this.#byId.size === 0) return { id: isName ? named : DEFAULT_ASTERISK, isDoubtful: false };
    const isSaid = named !== undefined && named !== DEFAULT_ASTERISK;
    if (isSaid && isName && !this.#isOnly(address)) return { id: named, isDoubtful: true };
    const id = this.#byAddress.get(address) ?? this.#only?.id;
    return { id: id ?? DEFAULT_ASTERISK, isDoubtful: isSaid || id === undefined };
  }

  /** One is configured, and nothing says that another one asks: an address of its own that is not that of ARI does. */
  #isOnly(address: string): boolean {
    if (this.#only === undefined) return false;
    const { address: its } = this.#only;
    return its === undefined || its === address || LOOPBACK.has(its) || LOOPBACK.has(address);
  }

  #tell(named = "", takenFor: string): void {
    if (this.#told.has(named) || this.#told.size >= MOST_TOLD) return;
    this.#told.add(named);
    this.#log.warn("agi.unknown-server", {
      named,
      takenFor,
      servers: [...this.#byId.keys()].join(","),
      remedy: REMEDY,
    });
  }
}

/** Asterisks whose dialplans may ask about the calls that ARI reports: whether they do is not in the configuration. */
export const mayAsk = ({ asterisk }: Config): readonly string[] =>
  asterisk.agi.enabled ? asterisk.servers.filter(({ observe }) => observe).map(({ id }) => id) : [];

/** Undefined where the URL has a name: it is not looked up. */
function addressOf(url: string): string | undefined {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost") return "127.0.0.1";
  return isIP(host) === 0 ? undefined : host;
}

/** An IPv4 address that came in by an IPv6 socket. */
const plain = (address: string): string => (address.startsWith("::ffff:") ? address.slice(7) : address);
