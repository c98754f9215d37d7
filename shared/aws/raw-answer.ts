// An answer of S3's as it came: the SDK signs, sends, retries and reads refusals, and what was asked for stays unread.
import type { ListObjectsV2Command, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';

/**
 * Sends one question that lists, and answers with the body; empty where there was none. Throws the SDK's errors, also
 * for an error that S3 answers with a status of 200.
 */
export async function sendForBody(
  client: S3Client,
  asked: ListObjectsV2Command | ListObjectVersionsCommand,
): Promise<Uint8Array> {
  // The same for both commands, but the SDK's types know one at a time.
  const command = asked as ListObjectsV2Command;
  let body: Uint8Array = new Uint8Array();
  const takeBody =
    <Args, Answer extends { response: unknown }>(next: (args: Args) => Promise<Answer>) =>
    async (args: Args): Promise<Answer> => {
      const answer = await next(args);
      const response = answer.response as { statusCode: number; body: unknown };
      if (response.statusCode === 200) {
        body = await client.config.streamCollector(response.body);
        // What is left for the SDK to read is an answer without content.
        response.body = undefined;
      }
      return answer;
    };
  command.middlewareStack.addRelativeTo(takeBody, {
    name: 'takeBody',
    // After the SDK's own look for an error with a status of 200: it makes a 503 of it, which is tried again.
    relation: 'before',
    toMiddleware: 'throw200ExceptionsMiddleware',
  });
  await client.send(command);
  return body;
}

/** An element: its name as written, and either text or the elements in it. */
export type XmlElement = {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
};

// A row of a listing is the second level, what is in it the third, its owner's name the fourth.
const DEEPEST = 8;
const NOTHING: readonly XmlElement[] = [];
const DECLARATION = /^<\?xml\s[^<>]*\?>\s*/;
const ROOT = /<([A-Za-z]\w*)(?:\s+xmlns(?::\w+)?=(?:"[^<>"]*"|'[^<>']*'))*\s*>/y;
const NAME = /^[A-Za-z]\w*$/;

/**
 * The root of a document in UTF-8, to its last byte. Throws `SyntaxError` for anything that is not well-formed, and for
 * comments, CDATA, document types, attributes below the root, and text next to elements: S3 writes none of them.
 * Source: https://www.w3.org/TR/xml/
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  const text = decode(bytes);
  const declaration = DECLARATION.exec(text)?.[0] ?? '';
  if (/encoding=/.test(declaration) && !/encoding=["']utf-8["']/i.test(declaration)) {
    throw new SyntaxError('XML in another encoding than UTF-8');
  }
  ROOT.lastIndex = declaration.length;
  const [tag, name = ''] = ROOT.exec(text) ?? [];
  if (tag === undefined) throw new SyntaxError('no listing at all');
  const place = { text, at: ROOT.lastIndex };
  const root = readContent(place, name, 1);
  if (!isSpace(text.slice(place.at))) throw new SyntaxError('XML and more behind its end');
  return root;
}

function decode(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  } catch {
    throw new SyntaxError('XML that is not UTF-8');
  }
}

type Place = { readonly text: string; at: number };

/** Reads from behind the opening tag to behind the closing one. */
function readContent(place: Place, name: string, depth: number): XmlElement {
  if (depth > DEEPEST) throw new SyntaxError('XML deeper than a listing');
  const { text } = place;
  let children: XmlElement[] | undefined;
  for (;;) {
    const tag = text.indexOf('<', place.at);
    const close = text.indexOf('>', tag);
    if (tag < 0 || close < 0) throw new SyntaxError('XML that ends early');
    const between = text.slice(place.at, tag);
    place.at = close + 1;
    if (text.startsWith('/', tag + 1)) {
      if (text.slice(tag + 2, close) !== name)
        throw new SyntaxError('XML with tags that do not match');
      if (children === undefined) {
        return { name, text: ownCopy(unescapeXml(between)), children: NOTHING };
      }
      if (!isSpace(between)) throw new SyntaxError('XML with text next to elements');
      return { name, text: '', children };
    }
    if (!isSpace(between)) throw new SyntaxError('XML with text next to elements');
    const isEmpty = text.startsWith('/', close - 1);
    const child = text.slice(tag + 1, isEmpty ? close - 1 : close).trimEnd();
    if (!NAME.test(child)) throw new SyntaxError('XML that S3 does not write');
    children ??= [];
    children.push(
      isEmpty ? { name: child, text: '', children: NOTHING } : readContent(place, child, depth + 1),
    );
  }
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
