// A fleet on a board after some weeks, of a fixed pattern: most nights good, some late, and what the first hosts have today.
import type { Board, BoardRow, Night } from '../../shared/messages/board.ts';
import type { Tone } from '../../shared/messages/message-tree.ts';
import { addDays } from '../../shared/rules/window.ts';

const NAMES =
  'nas web db slow lab mail git ci wiki vpn ldap crm erp dns1 dns2 proxy build-01 build-02'.split(
    ' ',
  );
const DAY = 86_400_000;
const GIB = 2 ** 30;

export const BOARD_DATE = '2026-11-23';
export const BOARD_NOW = Date.parse(`${BOARD_DATE}T08:15:00Z`);

type Today = Pick<BoardRow, 'tone' | 'verdict' | 'missed' | 'findings'>;
const step = "ssh web 'sudo rollcall-backup run'";
const critical = (kind: string, says: string, todo = step) => [
  { kind, severity: 'critical' as const, says, step: todo },
];
const TODAY: readonly Today[] = [
  {
    ...{ tone: 'bad', verdict: 'unreadable', missed: 0 },
    findings: critical(
      'unreadable',
      'could not check: s3://acme-backups/nas/ could not be listed: AccessDenied (403). This is not an all-clear',
      'allow s3:ListBucket on acme-backups to the role of the function',
    ),
  },
  {
    ...{ tone: 'bad', verdict: 'missing', missed: 2 },
    findings: critical('missing', 'no full backup since Sat 21 Nov 02:14 (54 h; 2 windows)'),
  },
  {
    ...{ tone: 'bad', verdict: 'incomplete', missed: 1 },
    findings: critical(
      'incomplete',
      'the full of Mon 23 Nov 02:14 is incomplete: volume 7 of 31 is missing',
    ),
  },
  {
    ...{ tone: 'odd', verdict: 'late', missed: 0 },
    findings: [
      { kind: 'late', severity: 'warning', says: 'still uploading: 28 volumes', step: undefined },
    ],
  },
  {
    ...{ tone: 'note', verdict: 'paused', missed: 0 },
    findings: [
      {
        kind: 'paused',
        severity: 'info',
        says: 'paused until 2026-12-01: "disk swap"',
        step: undefined,
      },
    ],
  },
];
const GOOD: Today = { tone: 'good', verdict: 'ok', missed: 0, findings: [] };

/** So many hosts; the first five are not ok. */
export function aBoard(hosts: number, more: Partial<BoardRow> = {}): Board {
  return { rows: Array.from({ length: hosts }, (_, at) => ({ ...aRow(at), ...more })), notes: [] };
}

function aRow(at: number): BoardRow {
  const today = TODAY[at] ?? GOOD;
  const host = NAMES[at] ?? `host-${String(at).padStart(2, '0')}`;
  const nights = Array.from({ length: 30 }, (_, day) => aNight(at, day, today.tone, today.missed));
  const [, sign, doneAt, bytes] = nights.at(-1) as Night;
  const isThere = sign === 'ok' || sign === 'odd';
  return {
    ...{
      place: `s3://acme-backups/${host}/`,
      host,
      judgedAt: BOARD_NOW,
      date: BOARD_DATE,
      ...today,
    },
    more: 0,
    doneAt: isThere && doneAt > 0 ? doneAt : undefined,
    bytes: isThere && bytes > 0 ? bytes : undefined,
    volumes: isThere ? Math.ceil(bytes / GIB) * 5 : undefined,
    lastGood:
      'Last good copy: Sat 21 Nov 02:14, 31 volumes, 5.9 GiB - hidden by lifecycle Sat 28 Nov.',
    lastGoodAt: BOARD_NOW - 2 * DAY,
    expiresAt: at === 1 ? BOARD_NOW + 4 * DAY : BOARD_NOW + 6 * DAY,
    nextDueAt: BOARD_NOW + DAY,
    provenAt: at % 3 === 2 ? undefined : BOARD_NOW - (at % 3 === 0 ? 61 : 12) * DAY,
    sets: nights
      .filter(([, one]) => one === 'ok')
      .slice(-6)
      .reverse()
      .map(([, , done, size]) => ({
        startedAt: done - 1_500_000,
        good: true,
        bytes: size,
        type: 'full',
      })),
    nights,
  };
}

function aNight(at: number, day: number, tone: Tone, missed: number): Night {
  const date = addDays(BOARD_DATE, day - 29);
  const back = 29 - day;
  const chance = (at * 31 + day * 17 + at * day * 7) % 97;
  const size = Math.round((2 + ((at * 7) % 9)) * GIB * (1 + day / 150 + (chance % 5) / 100));
  const bytes = at === 12 && day > 18 ? size * 2 : size;
  const doneAt = Date.parse(
    `${date}T02:${String(10 + ((at * 13 + day * 3) % 45)).padStart(2, '0')}:00Z`,
  );
  if (tone === 'note' && back < 5) return [date, 'paused', 0, 0];
  if (tone === 'bad' && back < Math.max(1, missed)) return [date, 'bad', 0, 0];
  if (tone === 'odd' && back === 0) return [date, 'odd', 0, 0];
  if (at === 21 && day > 10 && day < 14) return [date, 'bad', 0, 0];
  if (chance === 5 || chance === 71) return [date, 'odd', doneAt + 8 * 3_600_000, bytes];
  return [date, 'ok', doneAt, bytes];
}
