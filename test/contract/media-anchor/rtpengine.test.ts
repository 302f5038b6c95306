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
  lacks: {
    "a digit is told once":
      "rtpengine tells of digits by one address for all calls, not by ng; whoever listens finds them",
    "loss and jitter of each side are told, live and at the end":
      "rtpengine knows them from RTCP reports of the peers alone: test/e2e/rtpengine.test.ts",
    "a prompt in a coding that cannot be made is refused with a reason": "rtpengine makes what its ffmpeg makes",
  },
});
