import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema } from "../../../gateway/config/schema.js";
import { configProblems } from "../../../gateway/wiring/check-config.js";

const agi = (listenPort: number, listenAddress = "127.0.0.1") => ({
  agi: { enabled: true, listenPort, listenAddress },
});

for (const { name, sections, problems } of [
  { name: "the defaults are fine", sections: {}, problems: [] },
  {
    name: "AGI on the port of the API",
    sections: { asterisk: agi(5000) },
    problems: ["asterisk.agi.listenPort: http.listenPort is 5000 too, on the same address"],
  },
  {
    name: "the API on every address",
    sections: { http: { listenAddress: "0.0.0.0" }, asterisk: agi(5000) },
    problems: ["asterisk.agi.listenPort: http.listenPort is 5000 too, on the same address"],
  },
  { name: "another address is fine", sections: { asterisk: agi(5000, "192.0.2.1") }, problems: [] },
  { name: "what is not enabled does not listen", sections: { asterisk: { agi: { listenPort: 5000 } } }, problems: [] },
  {
    name: "ports that the kernel chooses are fine",
    sections: { http: { listenPort: 0 }, metrics: { listenPort: 0 }, asterisk: agi(0) },
    problems: [],
  },
  {
    name: "metrics on SIP's TCP port",
    sections: { metrics: { listenPort: 5060 } },
    problems: ["metrics.listenPort: sip.listenPort is 5060 too, on the same address"],
  },
  {
    name: "SIP twice",
    sections: { sip: { listeners: [{ protocol: "udp", address: "127.0.0.1", port: 5060 }] } },
    problems: ["sip.listeners.0.port: sip.listenPort is 5060 too, on the same address"],
  },
  {
    name: "both families, each on every address, are fine",
    sections: { sip: { listenAddress: "0.0.0.0", listeners: [{ protocol: "udp", address: "::", port: 5060 }] } },
    problems: [],
  },
])
  test(`listeners: ${name}`, () => {
    assert.deepEqual(configProblems(configSchema.parse(sections)), problems);
  });
