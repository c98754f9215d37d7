// Reads a mail in MIME: its subject, its plain text and its HTML.

/** What a reader of the mail would see. */
export type ReadMail = {
  readonly headers: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** Reads headers (unfolded, encoded words decoded) and the first text and HTML parts, however deep. */
export function readMime(source: string): ReadMail {
  const { headers, body } = splitPart(source);
  const parts = readParts(headers, body);
  const first = (type: string) => parts.find((part) => part.type === type)?.text ?? '';
  return {
    headers,
    subject: decodeWords(headers.subject ?? ''),
    text: first('text/plain'),
    html: first('text/html'),
  };
}

/** Decodes `=?utf-8?B?...?=` and `=?utf-8?Q?...?=`; the space between two such words is not part of the text. */
export function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(
      /=\?([^?]+)\?([BQ])\?([^?]*)\?=/gi,
      (_whole, _charset, coding: string, coded: string) =>
        coding.toUpperCase() === 'B'
          ? Buffer.from(coded, 'base64').toString('utf8')
          : decodeQuotedPrintable(coded.replaceAll('_', ' ')),
    );
}

type Part = { readonly type: string; readonly text: string };

function splitPart(source: string): { headers: Record<string, string>; body: string } {
  const text = source.replace(/\r\n/g, '\n');
  const gap = text.indexOf('\n\n');
  const head = gap < 0 ? text : text.slice(0, gap);
  const headers: Record<string, string> = {};
  for (const line of head.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { headers, body: gap < 0 ? '' : text.slice(gap + 2) };
}

function readParts(headers: Readonly<Record<string, string>>, body: string): Part[] {
  const contentType = headers['content-type'] ?? 'text/plain';
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (type.startsWith('multipart/') && boundary !== undefined) {
    return `\n${body}`
      .split(`\n--${boundary}`)
      .slice(1)
      .filter((piece) => !piece.startsWith('--'))
      .flatMap((piece) => {
        const part = splitPart(piece.slice(piece.indexOf('\n') + 1));
        return readParts(part.headers, part.body);
      });
  }
  const coding = (headers['content-transfer-encoding'] ?? '').toLowerCase();
  if (coding === 'base64') return [{ type, text: Buffer.from(body, 'base64').toString('utf8') }];
  return [{ type, text: coding === 'quoted-printable' ? decodeQuotedPrintable(body) : body }];
}

function decodeQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_whole, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  // Coded text is ASCII, so every other character came from a byte; text sent as plain UTF-8 stays as it is.
  return /[\u{100}-\u{10ffff}]/u.test(bytes)
    ? bytes
    : Buffer.from(bytes, 'latin1').toString('utf8');
}
