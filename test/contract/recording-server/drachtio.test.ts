import { DrachtioSipEndpoint } from "../../../gateway/adapters/sip-drachtio/drachtio-endpoint.js";
import { CryptoRandom } from "../../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { DrachtioSipSide } from "../../support/drachtio-sip-side.js";
import { describeRecordingServer } from "./recording-suite.js";

const clock = new SystemClock();
const random = new CryptoRandom();

describeRecordingServer("drachtio, a peer that speaks the wire format of drachtio-server 0.9.10", async () => {
  const side = await DrachtioSipSide.open();
  const server = { host: "127.0.0.1", port: side.peer.port, secret: "cymru" };
  return { endpoint: new DrachtioSipEndpoint({ server, clock, random }), close: () => side.close() };
});

const host = process.env["DRACHTIO_HOST"] ?? "";

describeRecordingServer(
  "drachtio, a real drachtio-server",
  () => {
    const server = {
      host,
      port: Number(process.env["DRACHTIO_PORT"] ?? 9022),
      secret: process.env["DRACHTIO_SECRET"] ?? "cymru",
      allowRemote: true,
    };
    return Promise.resolve({ endpoint: new DrachtioSipEndpoint({ server, clock, random }) });
  },
  host === "" ? { skip: "DRACHTIO_HOST is not set: drachtio-server is no Debian package" } : {},
);
