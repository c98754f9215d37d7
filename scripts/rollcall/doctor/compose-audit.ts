// An audit as a table for people, and as JSON for programs.
import { styleText } from 'node:util';
import type { Check } from '../../../shared/doctor/check.ts';
import { count, toAscii, wrapText } from '../../../shared/report/plain-text.ts';

const WORDS = { ok: 'ok', warn: 'WARN', fail: 'FAIL', unknown: '????' } as const;
const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red', unknown: 'magenta' } as const;
const WIDTH = 100;

/** A line a check; below what is not ok, what to do. What AWS told is shown as ASCII. */
export function composeAudit(checks: readonly Check[]): string {
  const names = Math.max(...checks.map(({ check }) => check.length));
  const indent = ' '.repeat(names + 8);
  const lines = checks.flatMap((one) => {
    const word = styleText(COLOURS[one.status], WORDS[one.status].padEnd(4), {
      stream: process.stdout,
    });
    const [first = '', ...more] = wrapText(toAscii(one.says), Math.max(40, WIDTH - indent.length));
    const fix = 'fix' in one ? [`${indent}do now: ${toAscii(one.fix)}`] : [];
    return [
      `${word}  ${one.check.padEnd(names)}  ${first}`,
      ...more.map((line) => indent + line),
      ...fix,
    ];
  });
  return `${lines.join('\n')}\n\n${summarize(checks)}\n`;
}

/** Version 1: `{ version, checkedAt, stack, bucket, summary, checks }`. */
export function auditToJson(
  checks: readonly Check[],
  about: { readonly checkedAt: string; readonly stack: string; readonly bucket: string },
): Record<string, unknown> {
  const summary = Object.fromEntries(
    Object.keys(WORDS).map((status) => [
      status,
      checks.filter((one) => one.status === status).length,
    ]),
  );
  return { version: 1, ...about, summary, checks };
}

function summarize(checks: readonly Check[]): string {
  const how = (status: Check['status']) => checks.filter((one) => one.status === status).length;
  const unknown = how('unknown') === 0 ? '' : `, ${how('unknown')} could not be looked at`;
  return `${how('ok')} of ${count(checks.length, 'check')} ok, ${how('fail')} failed, ${count(how('warn'), 'warning')}${unknown}`;
}
