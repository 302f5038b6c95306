export const createSpeechEngine = (): object => ({ transcriber: {} });
