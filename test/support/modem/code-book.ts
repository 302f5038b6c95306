/**
 * What one byte of a burst stands for. English and Spanish telephone talk takes about 4.3 bits a character with it; anything else
 * goes as literal UTF-8 bytes.
 */
const CHARACTERS = ` abcdefghijklmnopqrstuvwxyz0123456789.,?!'-:;"()/$€%@&+*#ABCDEFGHIJKLMNOPQRSTUVWXYZáéíóúñ¿¡`;
const PAIRS =
  "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea " +
  "ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec us ad wi un tr ge mo no ee ay ow do ut up so qu";
const WORDS =
  "account bank card code number please call money pay security help thank now ion tion ent ter ess ould ight cuenta ción";
/** With their blanks. */
const SPACED =
  "the | the |and |ing |ing|you |your | you|our |to | to |of |is |in | a |we |for |that |this |are |have |with |will |can |" +
  "not |be |it |on |from |I | I |ed |er |es |e |s |t |d |n |y |r |, |. |? |de |que |el |la |los |con |para |por |su |un |a |o ";

const PIECES: readonly string[] = [
  ...Array.from(CHARACTERS),
  ...PAIRS.split(" "),
  ...WORDS.split(" "),
  ...SPACED.split("|"),
];
const LITERAL = 255;
/** Never the last byte of a text. */
export const PADDING = 254;

const BYTE_OF = new Map<string, number>();
for (const piece of PIECES) {
  if (!BYTE_OF.has(piece) && BYTE_OF.size < PADDING) BYTE_OF.set(piece, BYTE_OF.size);
}
const PIECE_OF = [...BYTE_OF.keys()];
const LONGEST_PIECE = Math.max(...PIECE_OF.map((piece) => piece.length));

/** The fewest bytes for a text. */
export function packText(text: string): Uint8Array {
  const utf8 = new TextEncoder();
  const chars = Array.from(text);
  // From the end: best[i] is the shortest coding of what begins at character i.
  const best: { cost: number; take: number; bytes: readonly number[] }[] = [];
  best[chars.length] = { cost: 0, take: 0, bytes: [] };
  for (let at = chars.length - 1; at >= 0; at--) {
    const literal = [...utf8.encode(chars[at])].flatMap((byte) => [LITERAL, byte]);
    let choice = { cost: literal.length + (best[at + 1]?.cost ?? 0), take: 1, bytes: literal };
    for (let take = 1; take <= LONGEST_PIECE && at + take <= chars.length; take++) {
      const byte = BYTE_OF.get(chars.slice(at, at + take).join(""));
      const cost = 1 + (best[at + take]?.cost ?? 0);
      if (byte !== undefined && cost < choice.cost) choice = { cost, take, bytes: [byte] };
    }
    best[at] = choice;
  }
  const out: number[] = [];
  for (let at = 0; at < chars.length; at += best[at]?.take ?? 1) out.push(...(best[at]?.bytes ?? []));
  return Uint8Array.from(out);
}

/** @returns Undefined when the bytes are no coding of a text. */
export function unpackText(bytes: Uint8Array): string | undefined {
  const utf8 = new TextEncoder();
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === LITERAL) {
      const literal = bytes[++i];
      if (literal === undefined) return undefined;
      out.push(literal);
      continue;
    }
    const piece = PIECE_OF[byte];
    if (piece === undefined) return undefined;
    out.push(...utf8.encode(piece));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(out));
  } catch {
    return undefined;
  }
}
