// Makes the bytes of an object without always holding them: a beginning that is kept, then zeros to the full size.

/** `head` is the whole of a normal object; a huge one may hold its first bytes only, or none. */
export type Content = { readonly bytes: number; readonly head: Buffer };

/** What an object can be made from: its bytes, or a size alone, or a size with the first bytes (an OpenPGP header). */
export type Body = string | Uint8Array | { readonly bytes: number; readonly head?: Uint8Array };

const nothing = Buffer.alloc(0);
const zeros = Buffer.alloc(64 * 1024);

/** The content of a body. */
export function contentOf(body: Body): Content {
  if (typeof body === 'string') return contentOf(Buffer.from(body));
  if (body instanceof Uint8Array) {
    const head = Buffer.isBuffer(body) ? body : Buffer.from(body);
    return { bytes: head.length, head };
  }
  const head = body.head ? Buffer.from(body.head) : nothing;
  return { bytes: body.bytes, head: head.subarray(0, body.bytes) };
}

/** The bytes from `start` to before `end`, in pieces. */
export function* readContent(
  content: Content,
  start = 0,
  end: number = content.bytes,
): Generator<Buffer> {
  if (start < content.head.length) yield content.head.subarray(start, end);
  for (let at = Math.max(start, content.head.length); at < end; at += zeros.length) {
    yield zeros.subarray(0, Math.min(zeros.length, end - at));
  }
}
