// What is in the elements of a listing: texts, numbers, instants and booleans, each once and as S3 writes it.
import type { XmlElement } from './strict-xml.ts';

/** The text of the only child of that name; `undefined` without one. Throws `SyntaxError` for two, and for one with elements in it. */
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
  const text = readText(element, name);
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : fail(element, name);
}

/** `true` or `false`. Throws `SyntaxError`. */
export function readBoolean(element: XmlElement, name: string): boolean {
  const text = readText(element, name);
  return text === 'true' || (text !== 'false' && fail(element, name));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** Milliseconds since 1970; a day that no calendar has is none. Throws `SyntaxError`. */
export function readInstant(element: XmlElement, name: string): number {
  const text = readText(element, name);
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes a 31st of February for a 3rd of March.
  return new Date(at).getUTCDate() === Number(text.slice(8, 10)) ? at : fail(element, name);
}

function fail({ name: within }: XmlElement, name: string): never {
  throw new SyntaxError(`a ${within} without a ${name} that can be read`);
}
