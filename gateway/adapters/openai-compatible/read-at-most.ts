/**
 * Reads an answer's text, and no more of it than it may have.
 * @throws `tooLong`; what the connection throws.
 */
export async function readAtMost(response: Response, mostBytes: number, tooLong: Error): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body = response.body as AsyncIterable<Uint8Array> | null;
  if (body === null) return "";
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > mostBytes) throw tooLong;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
