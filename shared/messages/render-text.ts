// A message as plain text of 72 columns: what a mail without HTML, a topic and a terminal show.
import {
  type Block,
  fitBlocks,
  type Item,
  type Message,
  mostThatFit,
  SIGN_LETTERS,
  SIGN_NAMES,
  SIGNS,
} from './message-tree.ts';
import { COLUMN, paragraph, WIDTH, wrapText } from './plain-text.ts';

/** SNS takes 256 KiB for all protocols together, in JSON: each character of the text may take six. */
const TEXT_BOUND = 40_000;

/** At most `bound` by `measure`, in characters without it: rows and the least bad are left out and counted. */
export function renderText(
  { blocks }: Pick<Message, 'blocks'>,
  bound = TEXT_BOUND,
  measure = (text: string) => text.length,
): string {
  const text = layOut(fitBlocks(blocks, bound, (some) => measure(layOut(some))));
  if (measure(text) <= bound) return text;
  // A single sentence of it has no room.
  const lines = text.trimEnd().split('\n');
  const cut = (shown: number) =>
    [
      ...lines.slice(0, shown),
      `[cut here: ${lines.length - shown} more lines are in \`rollcall check\`]\n`,
    ].join('\n');
  return cut(mostThatFit(lines.length, (shown) => measure(cut(shown)) <= bound));
}

function layOut(blocks: readonly Block[]): string {
  return `${blocks.map((block) => renderBlock(block).join('\n')).join('\n\n')}\n`;
}

const INDENT = ' '.repeat(COLUMN);

function renderBlock(block: Block): string[] {
  const more = 'more' in block && block.more !== undefined ? wrapText(block.more, WIDTH) : [];
  switch (block.kind) {
    case 'banner':
      return [
        ...wrapText(block.tone === 'tampered' ? `!!! ${block.text} !!!` : block.text, WIDTH),
        block.below,
      ];
    case 'problem':
      return renderItem(block, block.more);
    case 'list':
      return [...titleOf(block), ...block.items.flatMap((item) => renderItem(item)), ...more];
    case 'table':
      return [
        ...titleOf(block),
        ...renderRows([
          ...(block.columns.some((name) => name !== '') ? [block.columns] : []),
          ...block.rows.map(({ cells }) => cells),
        ]),
        ...more,
      ];
    case 'grid':
      return [
        ...wrapText(block.title, WIDTH),
        ...wrapText(KEY, WIDTH),
        '',
        ...renderRows(
          block.rows.map(({ who, label, signs }) => [
            who,
            signs.map((sign) => SIGN_LETTERS[sign]).join(''),
            label,
          ]),
        ),
        ...more,
      ];
    case 'note':
      return [
        ...(block.text === '' ? [] : wrapText(block.text, WIDTH)),
        ...(block.lines ?? []),
        ...more,
      ];
  }
}

function titleOf({ title }: { readonly title?: string }): string[] {
  return title === undefined ? [] : [...wrapText(title, WIDTH), ''];
}

function renderItem(item: Item, more?: string): string[] {
  const { label, who, says, facts, steps = [], runbook } = item;
  return [
    ...paragraph(label, who === '' ? says : `${who}: ${says}`),
    ...facts.flatMap((fact) => paragraph('', fact)),
    ...(more === undefined ? [] : paragraph('', more)),
    ...steps.map((step, at) => `${INDENT}${at === 0 ? 'Do now: ' : 'Then:   '} ${step}`),
    ...(runbook === undefined ? [] : [`${INDENT}Runbook: ${runbook}`]),
  ];
}

/** A column is as wide as what is in it, the last one as it comes. */
function renderRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, cells) => Math.max(most, cells[column]?.length ?? 0), 0),
  );
  return rows.map((cells) =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

const KEY = SIGNS.map((sign) => `${SIGN_LETTERS[sign]} ${SIGN_NAMES[sign]}`).join(', ');
