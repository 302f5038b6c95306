export const createEngine = (): undefined => undefined;
