import {
  DEFAULT_TRANSCRIPTION_SERVER,
  TranscriptionServer,
} from "../../../gateway/adapters/openai-compatible/transcription-server.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { FakeTranscriptionServer } from "../../support/fake-transcription-server.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { toSpeechRate, withSilence } from "../../support/modem/telephone-line.js";
import { transcriberContract } from "./transcriber-contract.js";

const CASES = [
  { api: "openai", wordTimestamps: true },
  { api: "openai", wordTimestamps: false },
  { api: "whisper.cpp", wordTimestamps: true },
] as const;

for (const { api, wordTimestamps } of CASES) {
  const name = `openai-compatible, ${api}${wordTimestamps ? "" : ", without times"}`;
  transcriberContract(name, async () => {
    const server = await FakeTranscriptionServer.start();
    server.apiKey = "secret-key";
    const transcriber = new TranscriptionServer(
      {
        ...DEFAULT_TRANSCRIPTION_SERVER,
        ...{ api, wordTimestamps, model: "whisper-1", apiKey: "secret-key", concurrency: 3, maxWaiting: 4 },
        url: api === "openai" ? `${server.url}/v1/` : server.url,
      },
      { clock: new SystemClock() },
    );
    return {
      transcriber,
      say: (text: string) => toSpeechRate(withSilence(encodeText(text), 200, 200)),
      mostAtOnce: 7,
      close: async () => {
        await transcriber.close();
        await server.close();
      },
    };
  });
}
