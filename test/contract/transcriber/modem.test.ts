import { encodeText } from "../../support/modem/encode-tones.js";
import { ModemTranscriber } from "../../support/modem/modem-transcriber.js";
import { toSpeechRate, withSilence } from "../../support/modem/telephone-line.js";
import { transcriberContract } from "./transcriber-contract.js";

transcriberContract("tone modem", () => {
  const transcriber = new ModemTranscriber();
  return Promise.resolve({
    transcriber,
    say: (text) => toSpeechRate(withSilence(encodeText(text), 200, 200)),
    mostAtOnce: undefined,
    close: () => transcriber.close(),
  });
});
