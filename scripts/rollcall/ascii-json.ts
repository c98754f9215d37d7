// JSON that no terminal can be fooled by: every character but printable ASCII is escaped.

/** `JSON.stringify` with one entry a line for indent 2, escaped to ASCII. */
export function toAsciiJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[^\n -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
