import type { PcmAudio } from "../../../media/audio.js";
import type { MediaPath } from "./media-path.js";
import type { OwnObjects } from "./own-objects.js";

/** A way to speak to the telephone of one channel alone. */
export interface Voice {
  /** As `SpokenLine.speak`. */
  speak(sound: PcmAudio, onOver: (complete: boolean) => void): (() => void) | undefined;
  /** Never rejects. */
  close(): Promise<void>;
}

/**
 * External media → bridge → a snoop channel that whispers to the telephone of that channel: nobody else in the call hears it, and
 * nothing comes back.
 *
 * @throws GatewayError `ari.unavailable`, `ari.rejected`, `media.unavailable`, `media.full`: nothing is left.
 */
export async function openVoice(
  channelId: string,
  { objects, path }: { readonly objects: OwnObjects; readonly path: MediaPath },
): Promise<Voice> {
  const line = path.speak();
  const [media, snoop] = await Promise.allSettled([
    line.open(),
    objects.snoop({ channelId, spy: "none", whisper: "out" }),
  ]);
  const close = async (): Promise<void> => {
    await Promise.all([line.close(), ...(snoop.status === "fulfilled" ? [objects.delete(snoop.value)] : [])]);
  };
  try {
    if (media.status === "rejected") throw media.reason as Error;
    if (snoop.status === "rejected") throw snoop.reason as Error;
    const bridge = await objects.bridge([media.value, snoop.value]);
    return {
      speak: (sound, onOver) => line.speak(sound, onOver),
      close: async () => {
        await Promise.all([objects.deleteBridge(bridge), close()]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
