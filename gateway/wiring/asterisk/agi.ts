import { replyTo, type AgiScriptDeps } from "../../adapters/asterisk-agi/agi-scripts.js";
import { AgiServer } from "../../adapters/asterisk-agi/agi-server.js";
import type { Config } from "../../config/schema.js";
import { CidrTable } from "../../core/cidr.js";
import { GatewayError } from "../../core/errors.js";
import type { ComponentHealth } from "../../ports/gateway-control.js";
import type { CallLayer } from "../call-layer.js";
import { AskingServers } from "./asking-servers.js";
import type { AsteriskDeps, AsteriskPart } from "./asterisk-part.js";

/** The FastAGI server, where it is enabled. */
export function agiPart(config: Config, deps: AsteriskDeps): AsteriskPart | undefined {
  return config.asterisk.agi.enabled ? new AgiPart(config, deps) : undefined;
}

class AgiPart implements AsteriskPart {
  readonly #config: Config["asterisk"];
  readonly #deps: AsteriskDeps;
  readonly #servers: AskingServers;
  #server: AgiServer | undefined;
  #flush = (): void => undefined;

  constructor({ asterisk }: Config, deps: AsteriskDeps) {
    this.#config = asterisk;
    this.#deps = deps;
    this.#servers = new AskingServers(asterisk.servers, deps.log);
  }

  get addresses(): Readonly<Record<string, string>> {
    const address = this.#server?.address;
    return address === undefined ? {} : { agi: address };
  }

  /** @throws GatewayError `listen.failed`, `config.invalid` */
  async start({ verdicts }: CallLayer): Promise<void> {
    const { agi } = this.#config;
    const allowFrom = CidrTable.of(agi.allowFrom.map((network) => [network, true] as const));
    if (!allowFrom.ok) throw new GatewayError("config.invalid", `asterisk.agi.allowFrom: ${allowFrom.error.text}`);
    const { clock, metrics, log, announced } = this.#deps;
    const serverOf: AgiScriptDeps["serverOf"] = (named, from) => this.#servers.of(named, from);
    const scripts = { verdicts, serverOf, ...(announced && { media: announced }) };
    this.#server = new AgiServer(
      { ...agi, allowFrom: allowFrom.value },
      { reply: (request, address) => replyTo(request, address, scripts), clock, metrics, log },
    );
    await this.#server.start();
    this.#flush = () => verdicts.flush();
  }

  health(): readonly ComponentHealth[] {
    const address = this.#server?.address;
    const wrong = this.#servers.wrongNames.map((name) => JSON.stringify(name)).join(", ");
    const names = wrong === "" ? "" : `; RINGFENCE_SERVER is none of asterisk.servers: ${wrong}`;
    const detail =
      address === undefined ? "not listening" : `${address}, ${this.#server?.connections ?? 0} open${names}`;
    return [{ name: "agi", ok: address !== undefined, vital: false, detail }];
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#flush();
  }
}
