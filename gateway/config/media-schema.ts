import { z } from "zod";

/** Media that passes through us: relay, rtpengine, recording sessions. */
export const mediaSchema = z.strictObject({});
