// The XML that S3 writes, and stores like it, read to the last byte or not at all.

/** An element: its name as written, and either text or the elements in it. */
export type XmlElement = {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
};

// A row of a listing is the second level, what is in it the third, its owner's name the fourth.
const DEEPEST = 8;
const NOTHING: readonly XmlElement[] = [];
const DECLARATION = /^<\?xml\s[^<>]*\?>/;
const NAME = /^[A-Za-z]\w*$/;
// With a prefix of a namespace, and with attributes, which say nothing of a listing.
const TAG = /^(?:[A-Za-z_][\w.-]*:)?([A-Za-z]\w*)(?:\s+[\w:.-]+\s*=\s*(?:"[^<>"]*"|'[^<>']*'))*$/;

/**
 * The root of a document in UTF-8, to its last byte; names are without the prefix of their namespace. Throws
 * `SyntaxError` for anything that is not well-formed, for document types, and for text next to elements.
 * Source: https://www.w3.org/TR/xml/
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  const text = decode(bytes);
  const declaration = DECLARATION.exec(text)?.[0] ?? '';
  if (/encoding=/.test(declaration) && !/encoding=["']utf-8["']/i.test(declaration)) {
    throw new SyntaxError('XML in another encoding than UTF-8');
  }
  const place: Place = { text, at: declaration.length };
  skipRemarks(place);
  const close = text.indexOf('>', place.at);
  const tag = text.slice(place.at + 1, close).trimEnd();
  const [, name] = TAG.exec(tag) ?? [];
  if (!text.startsWith('<', place.at) || close < 0 || name === undefined) {
    throw new SyntaxError('no listing at all');
  }
  place.at = close + 1;
  const root = readContent(place, tag.split(/\s/)[0] ?? '', name, 1);
  skipRemarks(place);
  if (place.at < text.length) throw new SyntaxError('XML and more behind its end');
  return root;
}

function decode(bytes: Uint8Array): string {
  try {
    // Without the mark of byte order that some put before it.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  } catch {
    throw new SyntaxError('XML that is not UTF-8');
  }
}

type Place = { readonly text: string; at: number };

/** Passes over white space, comments and instructions. */
function skipRemarks(place: Place): void {
  const { text } = place;
  for (;;) {
    while (isSpace(text.charAt(place.at)) && place.at < text.length) place.at += 1;
    if (!skipRemark(place)) return;
  }
}

/** Passes over one comment or instruction, if there is one here. Throws `SyntaxError` for one without an end. */
function skipRemark(place: Place): boolean {
  const { text, at } = place;
  const isComment = text.startsWith('<!--', at);
  if (!isComment && !text.startsWith('<?', at)) return false;
  const end = isComment ? '-->' : '?>';
  const found = text.indexOf(end, at + (isComment ? 4 : 2));
  if (found < 0) throw new SyntaxError('XML that ends early');
  place.at = found + end.length;
  return true;
}

/** Reads from behind the opening tag to behind the closing one, which has the name as it is `written`. */
function readContent(place: Place, written: string, name: string, depth: number): XmlElement {
  if (depth > DEEPEST) throw new SyntaxError('XML deeper than a listing');
  const { text } = place;
  let children: XmlElement[] | undefined;
  let before = '';
  for (;;) {
    const tag = text.indexOf('<', place.at);
    const close = text.indexOf('>', tag);
    if (tag < 0 || close < 0) throw new SyntaxError('XML that ends early');
    const next = text.charAt(tag + 1);
    if (next === '!' || next === '?') {
      before += unescapeXml(text.slice(place.at, tag));
      place.at = tag;
      if (!skipRemark(place)) before += readCdata(place);
      continue;
    }
    const between = before + unescapeXml(text.slice(place.at, tag));
    before = '';
    place.at = close + 1;
    if (next === '/') {
      if (text.slice(tag + 2, close).trimEnd() !== written)
        throw new SyntaxError('XML with tags that do not match');
      if (children === undefined) {
        return { name, text: ownCopy(between), children: NOTHING };
      }
      if (!isSpace(between)) throw new SyntaxError('XML with text next to elements');
      return { name, text: '', children };
    }
    if (!isSpace(between)) throw new SyntaxError('XML with text next to elements');
    const isEmpty = text.startsWith('/', close - 1);
    const child = text.slice(tag + 1, isEmpty ? close - 1 : close).trimEnd();
    const own = NAME.test(child) ? child : TAG.exec(child)?.[1];
    if (own === undefined) throw new SyntaxError('XML that S3 does not write');
    children ??= [];
    children.push(
      isEmpty
        ? { name: own, text: '', children: NOTHING }
        : readContent(place, child === own ? own : (child.split(/\s/)[0] ?? ''), own, depth + 1),
    );
  }
}

/** What stands as it is between `<![CDATA[` and `]]>`. Throws `SyntaxError` for a document type and the like. */
function readCdata(place: Place): string {
  const { text, at } = place;
  const end = text.indexOf(']]>', at);
  if (!text.startsWith('<![CDATA[', at) || end < 0) {
    throw new SyntaxError('XML that S3 does not write');
  }
  place.at = end + 3;
  return text.slice(at + 9, end);
}

function isSpace(text: string): boolean {
  return text === '' || /^[ \t\n]*$/.test(text);
}

/** V8 keeps a piece of a string as a view of the whole: one name that stays would keep its page of a megabyte. */
function ownCopy(piece: string): string {
  return ` ${piece}`.slice(1);
}

const ENTITIES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  const [start = '', ...rest] = text.split('&');
  let read = start;
  for (const part of rest) {
    const end = part.indexOf(';');
    const entity = part.slice(0, Math.max(end, 0));
    read += (ENTITIES.get(entity) ?? readReference(entity)) + part.slice(end + 1);
  }
  return read;
}

/** `#38` or `#x26`: a character by its number. */
function readReference(entity: string): string {
  const [, hex, decimal] = /^#(?:x([\da-fA-F]{1,6})|(\d{1,7}))$/.exec(entity) ?? [];
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  if (!isCharacter) throw new SyntaxError('XML with an entity that it does not know');
  return String.fromCodePoint(code);
}

/**
 * The text of the only child of that name; `undefined` without one. Throws `SyntaxError` for two, and for one with
 * elements in it.
 */
export function findText({ name: within, children }: XmlElement, name: string): string | undefined {
  let found: string | undefined;
  for (const child of children) {
    if (child.name !== name) continue;
    if (found !== undefined || child.children.length > 0) {
      throw new SyntaxError(`a ${within} with more than one ${name}`);
    }
    found = child.text;
  }
  return found;
}

/** The same where it must be there, and not empty. Throws `SyntaxError`. */
export function readText(element: XmlElement, name: string): string {
  return findText(element, name) || fail(element, name);
}

/** A whole number, not negative. Throws `SyntaxError`. */
export function readNumber(element: XmlElement, name: string): number {
  const text = readText(element, name).trim();
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : fail(element, name);
}

/** `true` or `false`, `1` or `0`. Throws `SyntaxError`. Source: XML Schema, boolean; some servers write capitals. */
export function readBoolean(element: XmlElement, name: string): boolean {
  const text = readText(element, name).trim().toLowerCase();
  if (text === 'true' || text === '1') return true;
  return text !== 'false' && text !== '0' && fail(element, name);
}

const TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970; a day that no calendar has is none. Throws `SyntaxError`. */
export function readInstant(element: XmlElement, name: string): number {
  const text = readText(element, name).trim();
  const [, date] = TIME.exec(text) ?? [];
  const at = date === undefined ? Number.NaN : Date.parse(text);
  if (date === undefined || Number.isNaN(at)) return fail(element, name);
  // Date.parse takes a 31st of February for a 3rd of March.
  return new Date(`${date}T00:00Z`).getUTCDate() === Number(date.slice(8))
    ? at
    : fail(element, name);
}

export function fail({ name: within }: XmlElement, name: string): never {
  throw new SyntaxError(`a ${within} without a ${name} that can be read`);
}

/** S3 writes a space as "+" and a plus as "%2B"; what does not decode stays as it came, and is foreign. */
export function decodeKey(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** One, or several in one element; none where it is empty. */
export function prefixesOf(row: XmlElement): string[] {
  return row.children.flatMap((child) => {
    if (child.name !== 'Prefix') return [];
    return child.text === '' || child.children.length > 0 ? fail(row, 'Prefix') : child.text;
  });
}
