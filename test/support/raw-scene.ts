import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startGateway, testConfig, type GatewayProcess } from "./gateway-process.js";
import { until } from "./processes.js";
import { RawUa } from "./raw-ua.js";

type Sections = Readonly<Record<string, unknown>>;

/** The production process between a caller and a called side that say exactly what a test makes them say. */
export class RawScene {
  readonly gateway: GatewayProcess;
  readonly caller: RawUa;
  readonly called: RawUa;
  readonly #phones: RawUa[];

  private constructor(gateway: GatewayProcess, phones: RawUa[], caller: RawUa, called: RawUa) {
    this.gateway = gateway;
    this.#phones = phones;
    this.caller = caller;
    this.called = called;
  }

  /** @param sections The configuration, given the called side's `host:port`. */
  static async open(sections: (called: string) => Sections): Promise<RawScene> {
    const nobody = { address: "127.0.0.1", port: 9 };
    const [caller, called] = [await RawUa.open(nobody), await RawUa.open(nobody)];
    const gateway = await startGateway(sections(called.address));
    const scene = new RawScene(gateway, [caller, called], caller, called);
    for (const phone of [caller, called]) phone.talkTo(scene.address);
    return scene;
  }

  /** Where the gateway's first UDP listener is. */
  get address(): { readonly address: string; readonly port: number } {
    return { address: "127.0.0.1", port: this.gateway.sipPort };
  }

  /** One more telephone; the scene closes it. */
  async phone(bindAddress = "127.0.0.1", remote = this.address): Promise<RawUa> {
    const phone = await RawUa.open(remote, bindAddress);
    this.#phones.push(phone);
    return phone;
  }

  drop(): void {
    for (const phone of this.#phones) phone.drop();
  }

  /** Writes the configuration file anew; text is written as it is. */
  configure(sections: Sections | string): void {
    const { folder } = this.gateway;
    const text = typeof sections === "string" ? sections : JSON.stringify(testConfig(folder, sections));
    writeFileSync(join(folder, "ringfence.json"), text);
  }

  /** SIGHUP, and until the log or stderr says `outcome` once more than before. */
  async hangUpSignal(outcome = "config.reloaded"): Promise<void> {
    const count = (): number => this.gateway.running.output().split(outcome).length;
    const before = count();
    this.gateway.running.child.kill("SIGHUP");
    await until(outcome, () => count() > before, 15_000);
  }

  /** @param signal SIGKILL where a test leaves calls up that nobody would answer a BYE of. */
  async close(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.gateway.stop(signal);
    await Promise.all(this.#phones.map((phone) => phone.close()));
  }
}
