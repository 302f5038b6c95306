import { createSpeechEngine as createModem } from "../modem/speech-engine.js";

/** An engine that never gives the thread back, once it hears `spin`. */
export function createSpeechEngine(): ReturnType<typeof createModem> {
  const engine = createModem();
  const { transcriber } = engine;
  return {
    ...engine,
    transcriber: {
      name: "spinning",
      concurrency: 1,
      tellsTimes: false,
      transcribe: async (...args) => {
        const transcript = await transcriber.transcribe(...args);
        while (transcript.text === "spin");
        return transcript;
      },
      close: () => transcriber.close(),
    },
  };
}
