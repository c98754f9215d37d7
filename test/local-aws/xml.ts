// Writes the XML that AWS answers with, and reads the XML that its clients send.
import { AwsError } from './aws-error.ts';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/**
 * Text made safe for an element. Control characters become references, as S3 writes them: most are not XML 1.0, so
 * that a listing without `encoding-type=url` breaks its reader exactly where S3's would.
 */
export function escapeXml(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the characters to escape
    /[&<>"\u0000-\u001f\u007f]/g,
    (char) => escapes[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
  );
}

/** `<name>text</name>`, escaped. */
export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** An element around others that are already XML. */
export function group(name: string, children: readonly string[], namespace?: string): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  return `<${name}${attribute}>${children.join('')}</${name}>`;
}

/** A whole document. */
export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

/** An element as read: its name without namespace prefix, the text directly in it, and its children in order. */
export type XmlElement = {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
};

const references: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return references[name] ?? whole;
  });
}

/** Reads a document without DTD or CDATA, which no client of S3 sends; anything else is S3's MalformedXML. */
export function readXml(source: string): XmlElement {
  type Open = { name: string; text: string; children: XmlElement[] };
  const top: Open = { name: '', text: '', children: [] };
  const stack: Open[] = [top];
  const token = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([\w:.-]+)[^<>]*?(\/?)>|([^<]+)/gy;
  let at = 0;
  for (let found = token.exec(source); found !== null; found = token.exec(source)) {
    at = token.lastIndex;
    const [, closing, qualified, empty, text] = found;
    const here = stack.at(-1) ?? top;
    if (text !== undefined) here.text += unescapeXml(text);
    else if (qualified === undefined) continue;
    else {
      const name = qualified.slice(qualified.indexOf(':') + 1);
      if (closing) {
        if (here.name !== name || stack.length === 1) throw malformed();
        stack.pop();
      } else {
        const opened: Open = { name, text: '', children: [] };
        here.children.push(opened);
        if (!empty) stack.push(opened);
      }
    }
  }
  const root = top.children[0];
  if (at !== source.length || stack.length !== 1 || top.children.length !== 1 || !root) {
    throw malformed();
  }
  return root;
}

/** The children of that name. */
export function childrenOf(parent: XmlElement | undefined, name: string): readonly XmlElement[] {
  return parent?.children.filter((child) => child.name === name) ?? [];
}

/** The first child of that name. */
export function childOf(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return parent?.children.find((child) => child.name === name);
}

/** The text of the first child of that name. */
export function textOf(parent: XmlElement | undefined, name: string): string | undefined {
  return childOf(parent, name)?.text;
}

function malformed(): AwsError {
  return new AwsError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}
