import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OutgoingSpec } from "../../../gateway/ports/sip-endpoint.js";
import { RawUa } from "../../support/raw-ua.js";
import { TellingUser } from "../../support/telling-users.js";
import { insideDialogs, outsideDialogs } from "./dialogs.js";
import { incomingCalls } from "./incoming-calls.js";
import { outgoingCalls } from "./outgoing-calls.js";
import type { EndpointUnderTest, Scenario } from "./scene.js";

/** Every `SipEndpoint` keeps these promises; judged from outside, by a telephone that speaks text. */
export function describeSipEndpoint(
  name: string,
  make: () => Promise<EndpointUnderTest>,
  options: { readonly skip?: string } = {},
): void {
  const scenario: Scenario = (title, run) => {
    test(title, options.skip === undefined ? {} : { skip: options.skip }, async (t) => {
      const made = await make();
      const user = new TellingUser();
      await made.endpoint.start(user);
      const listener = made.endpoint.listeners.find((each) => each.startsWith("udp:"));
      assert.ok(listener !== undefined, "no UDP listener");
      const port = Number(listener.slice(listener.lastIndexOf(":") + 1));
      const ua = await RawUa.open({ address: "127.0.0.1", port });
      const spec = (more: Partial<OutgoingSpec> = {}): OutgoingSpec => ({
        method: "INVITE",
        uri: `sip:+12025550103@${ua.address}`,
        from: "<sip:+12025550101@127.0.0.1>",
        to: `<sip:+12025550103@${ua.address}>`,
        targets: [{ protocol: "udp", address: "127.0.0.1", port: ua.port }],
        ...more,
      });
      try {
        await run({ endpoint: made.endpoint, user, ua, spec }, t);
      } finally {
        await made.endpoint.close();
        await made.close?.();
        await ua.close();
      }
    });
  };

  describe(`SipEndpoint: ${name}`, () => {
    describe("a call that comes in", () => incomingCalls(scenario));
    describe("a call that goes out", () => outgoingCalls(scenario));
    describe("inside a dialog", () => insideDialogs(scenario));
    describe("outside of dialogs", () => outsideDialogs(scenario));
  });
}
