import { Phone, type Leg } from "../demo/phone.js";

export { type Leg } from "../demo/phone.js";

/** Two carriers (127.0.0.2, 127.0.0.3) and a called side (127.0.0.1), as far as the gateway can see. */
export interface Telephones {
  readonly carrierA: Phone;
  readonly carrierB: Phone;
  readonly called: Phone;
  close(): void;
}

export async function openTelephones(): Promise<Telephones> {
  const carrierA = new Phone("127.0.0.2");
  const carrierB = new Phone("127.0.0.3");
  const called = new Phone("127.0.0.1");
  await Promise.all([carrierA.open(), carrierB.open(), called.open()]);
  const close = (): void => [carrierA, carrierB, called].forEach((phone) => phone.close());
  return { carrierA, carrierB, called, close };
}

export const TRUNKS = [
  { id: "carrier-a", sources: ["127.0.0.2"] },
  { id: "carrier-b", sources: ["127.0.0.3"] },
] as const;

export const caller = (index: number): string => `+1303555${String(100 + index).padStart(4, "0")}`;

/** Places `count` calls one after the other and waits until each is answered or over. */
export async function place(phone: Phone, port: number, called: string, from: number, count: number): Promise<Leg[]> {
  const legs: Leg[] = [];
  for (let i = 0; i < count; i++) {
    const leg = phone.call(caller(from + i), called, { address: "127.0.0.1", port });
    await phone.until(() => leg.answeredAt !== undefined || leg.endedAt !== undefined);
    legs.push(leg);
  }
  return legs;
}
