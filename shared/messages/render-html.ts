// The plain text of a mail as a page: the same words in the same order, with colours, for programs that show no other.
import { FINDING_KINDS } from '../rules/finding.ts';
import { COLUMN, escapeHtml } from './plain-text.ts';

/** What a text is made of, in its order, known from its layout: see `paragraph`. */
type Part = {
  /** `more` and `step` stand below an item. */
  readonly kind: 'text' | 'row' | 'item' | 'more' | 'step';
  /** `MISSING`, `Do now:`; empty where there is none. */
  readonly label: string;
  text: string;
};

const INDENT = ' '.repeat(COLUMN);
const STEP = /^(?:(Do now:) {2}|(Runbook:) (?=docs\/runbook\.md#))(.*)$/;
// Next to a label, each finding but the first, this window and the last good copy begin a paragraph of their own.
const BEGINS = new RegExp(
  `^(?:This window|Last good copy|Changes|${FINDING_KINDS.join('|')}):(?: |$)`,
);

/**
 * Escaped throughout, without a table, a picture or a link; the style stands at each element, as mail programs drop all
 * other. There is no second wording: the layout of the text is the only source. Colours are those that can be read on
 * white and on black, since a page cannot know which it is shown on.
 */
export function composeHtml(text: string): string {
  const parts = readParts(text);
  const body = parts.map((part, index) => composePart(part, parts.slice(index + 1))).join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
<body style="${STYLES.body}">
${body}
</body></html>
`;
}

function readParts(text: string): Part[] {
  const parts: Part[] = [];
  // The part above, unless an empty line came after it.
  let last: Part | undefined;
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      last = undefined;
      continue;
    }
    const part = readLine(line, last);
    if (part === undefined && last !== undefined) last.text += ` ${line.trim()}`;
    else {
      last = part ?? { kind: 'text', label: '', text: line };
      parts.push(last);
    }
  }
  return parts;
}

/** `undefined` = the line goes on with the part above it, if there is one. */
function readLine(line: string, last: Part | undefined): Part | undefined {
  // A free text goes on to the next empty line: nothing in it becomes a label by where it was wrapped.
  const label = last?.kind === 'text' ? '' : labelOf(line);
  if (label !== '') return { kind: 'item', label, text: line.slice(label.length).trimStart() };
  const evidence = last !== undefined && last.kind !== 'text' && line.startsWith(INDENT);
  const words = evidence ? line.slice(COLUMN) : line;
  const [, doNow, runbook, rest = ''] = STEP.exec(words) ?? [];
  const step = doNow ?? runbook;
  if (step !== undefined) return { kind: 'step', label: step, text: rest };
  if (evidence) {
    const goesOn = (last.kind === 'item' || last.kind === 'more') && !BEGINS.test(words);
    return goesOn ? undefined : { kind: 'more', label: '', text: words };
  }
  if (line.startsWith('  ')) return { kind: 'row', label: '', text: line.trimStart() };
  return last?.kind === 'text' ? undefined : { kind: 'text', label: '', text: line };
}

/** `MISSING` of `MISSING     web: ...`: capitals, and exactly as many spaces as its column has. */
function labelOf(line: string): string {
  const [, label = '', spaces = ''] = /^([A-Z][A-Z-]*(?: AGAIN)?)( +)\S/.exec(line) ?? [];
  return label.length + spaces.length === Math.max(COLUMN, label.length + 1) ? label : '';
}

function composePart({ kind, label, text }: Part, below: readonly Part[]): string {
  const words = escapeHtml(text);
  switch (kind) {
    case 'item': {
      const pill = `${STYLES.label};background:${COLOURS[toneOf(label, below)]}`;
      return `<p style="${STYLES.item}"><b style="${pill}">${escapeHtml(label)}</b> ${words}</p>`;
    }
    case 'step': {
      const style = label === 'Do now:' ? STYLES.command : STYLES.code;
      return `<p style="${STYLES.more}">${label} <code style="${style}">${words}</code></p>`;
    }
    default:
      return `<p style="${STYLES[kind]}">${words}</p>`;
  }
}

type Tone = 'bad' | 'odd' | 'good' | 'note';

const GOOD: readonly string[] = ['OK', 'OK AGAIN', 'FINE', 'REPAIRED'];
const NOTES: readonly string[] = [
  ...[
    'CLOCK-SKEW',
    'DUPLICATE-FULL',
    'FOREIGN',
    'INCREMENTAL',
    'NEVER',
    'OVER',
    'PAUSED',
    'RESUMED',
  ],
  ...['TEST', 'WRONG-RECIPIENT'],
];

/** A part with a section of the runbook asks somebody to act, whatever its label. */
function toneOf(label: string, below: readonly Part[]): Tone {
  const end = below.findIndex(({ kind }) => kind !== 'more' && kind !== 'step');
  const own = end < 0 ? below : below.slice(0, end);
  if (own.some((part) => part.label === 'Runbook:')) return 'bad';
  if (GOOD.includes(label)) return 'good';
  return NOTES.includes(label) ? 'note' : 'odd';
}

/** Under white letters: at least 4.5 to 1. */
const COLOURS: Readonly<Record<Tone, string>> = {
  bad: '#b3261e',
  odd: '#8a5a00',
  good: '#1a7f37',
  note: '#57606a',
};

const STYLES = {
  body: 'margin:0;padding:12px;max-width:44em;font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere;color-scheme:light dark',
  text: 'margin:0 0 12px',
  row: 'margin:0 0 0 16px',
  item: 'margin:12px 0 4px',
  label: 'padding:1px 7px;border-radius:4px;color:#fff;font-size:13px',
  more: 'margin:0 0 4px 16px',
  code: 'font:13px/1.5 monospace',
  command: 'font:14px/1.5 monospace;font-weight:bold',
} as const;
