import { workerFile } from "./worker-file.js";

/** The entry of the thread of Asterisk's audio. */
export const asteriskMediaEntry = (): URL => workerFile("asterisk-media");
