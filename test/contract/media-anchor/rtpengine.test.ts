import { rtpengineMissing, startRealRtpengine } from "../../support/rtpengine.js";
import { startRtpengineScene } from "../../support/rtpengine-scene.js";
import { mediaAnchorContract } from "./media-anchor-contract.js";

mediaAnchorContract({
  name: "rtpengine",
  skip: rtpengineMissing(),
  make: async () => {
    const real = await startRealRtpengine();
    const scene = await startRtpengineScene([real]);
    return {
      ...scene,
      close: async () => {
        await scene.close();
        await real.close();
      },
    };
  },
  address: "127.0.0.1",
});
