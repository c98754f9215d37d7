// A label in a column of its own, and the text beside it, 72 columns wide.
import { wrapText } from './plain-text.ts';

/** The width of a mail's lines. */
export const WIDTH = 72;

/** Where the text begins. */
export const COLUMN = 12;

/** `MISSING     web: ...`, its further lines under the first. */
export function paragraph(label: string, text: string): string[] {
  const width = Math.max(COLUMN, label.length + 1);
  return wrapText(text, WIDTH - COLUMN).map((line, index) =>
    index === 0 ? `${label.padEnd(width)}${line}` : `${' '.repeat(COLUMN)}${line}`,
  );
}
