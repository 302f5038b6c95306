import { z } from "zod";

/** A value that is never printed. May be given as `…File` in the environment or the file: a path to read it from. */
export const secret = (): z.ZodString => z.string().meta({ secret: true });

export const port = (fallback: number, what: string): z.ZodDefault<z.ZodInt> =>
  z.int().min(0).max(65535).default(fallback).describe(`${what}; 0 = chosen by the kernel`);

export const durationMs = (fallback: number, what: string, min = 0, max = 2_147_483_647): z.ZodDefault<z.ZodInt> =>
  z.int().min(min).max(max).default(fallback).describe(`${what}, ms`);

export const count = (fallback: number, what: string, min = 0, max = Number.MAX_SAFE_INTEGER): z.ZodDefault<z.ZodInt> =>
  z.int().min(min).max(max).default(fallback).describe(what);

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?$/;
const IPV6 = /^[0-9a-fA-F:]+(?:\.\d+){0,3}(?:\/\d{1,3})?$/;
/** `192.0.2.0/24`, `2001:db8::/32`, or one address. */
export const cidr = (): z.ZodString =>
  z.string().refine((text) => IPV4.test(text) || (text.includes(":") && IPV6.test(text)), "not an address or CIDR");

/** `host:port`, `[2001:db8::1]:5060`, or a SIP URI. */
export const nextHop = (): z.ZodString =>
  z
    .string()
    .min(1)
    .max(255)
    .refine(
      (text) => /^(?:sips?:\S+|\[[0-9a-fA-F:.]+\](?::\d{1,5})?|[\w.-]+(?::\d{1,5})?)$/.test(text),
      "not host:port or a SIP URI",
    );
