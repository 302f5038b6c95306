import { nativeMissing, startRelay } from "../../support/relay-scene.js";
import { mediaAnchorContract } from "./media-anchor-contract.js";

for (const engine of ["native", "node"] as const) {
  mediaAnchorContract({
    name: `relay, ${engine} sockets`,
    skip: engine === "native" ? nativeMissing() : undefined,
    make: () => startRelay({ engine }),
    address: "127.0.0.1",
  });
}
