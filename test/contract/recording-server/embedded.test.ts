import { EmbeddedSipEndpoint } from "../../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { createTransports } from "../../../gateway/adapters/sip-embedded/transport/create-transports.js";
import { CryptoRandom } from "../../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { describeRecordingServer } from "./recording-suite.js";

describeRecordingServer("the embedded engine, UDP on loopback", () => {
  const clock = new SystemClock();
  const transports = createTransports({
    listeners: [{ protocol: "udp", address: "127.0.0.1", port: 0 }],
    udp: { receiveBufferBytes: 65_536, sendBufferBytes: 65_536 },
    clock,
  });
  return Promise.resolve({ endpoint: new EmbeddedSipEndpoint({ transports, clock, random: new CryptoRandom() }) });
});
