/**
 * A value that may identify a person: number, SIP URI, IP address. `Log` adapters print only a keyed hash of it
 * (or the value itself where the operator has switched that on), so lines about one number can still be joined.
 */
export class Sensitive {
  readonly kind: "number" | "uri" | "address";
  readonly value: string;
  constructor(kind: "number" | "uri" | "address", value: string) {
    this.kind = kind;
    this.value = value;
  }
  /** Never the value: a log line built by string concatenation must not leak it. */
  toString(): string {
    return `<${this.kind}>`;
  }
  toJSON(): string {
    return this.toString();
  }
}

export const sensitiveNumber = (value: string): Sensitive => new Sensitive("number", value);
export const sensitiveUri = (value: string): Sensitive => new Sensitive("uri", value);
export const sensitiveAddress = (value: string): Sensitive => new Sensitive("address", value);

export type LogValue = string | number | boolean | Sensitive | undefined;
export type LogFields = Readonly<Record<string, LogValue>>;

/** `event` is a stable dotted name (`hop.down`), not a sentence; what varies goes into `fields`. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** `cause` is printed with its stack, after redaction of its message. */
  error(event: string, fields?: LogFields, cause?: unknown): void;
  child(fields: LogFields): Log;
}

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
