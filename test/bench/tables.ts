// What was measured, as a table: medians with their spread, and how each compares with Rollcall in the same rounds.
import { median } from '../../shared/duplicity/volumes.ts';
import type { Contender, Outcome } from './contenders.ts';
import { type Fleet, faultOf } from './fleet.ts';

/** What one contender did with one fleet, round by round; `requests` of one round. */
export type Measured = {
  readonly fleet: Fleet;
  readonly line: string;
  readonly contender: Contender;
  readonly rounds: readonly Outcome[];
  readonly requests: Readonly<Record<string, number>>;
  readonly bytesOut: number;
};

/** `100 x 7 x 50`: hosts, days and volumes. */
export function nameFleet({ hosts, days, volumes, bad, dueTimes }: Fleet): string {
  const more = [
    ...(bad === undefined ? [] : [`1 bad in ${bad}`]),
    ...(dueTimes === undefined ? [] : [`${dueTimes} due times`]),
  ];
  return [[hosts, days, volumes].map((n) => n.toLocaleString('en')).join(' x '), ...more].join(
    ', ',
  );
}

export const HEAD = [
  '| hosts x days x volumes | line | who | requests | MB | wall s | CPU s | peak MiB | times its CPU, wall | bad found | good called bad |',
  '| --- | --- | --- | --: | --: | --: | --: | --: | --- | --: | --: |',
];

/** One line; the ratios are of each pair of rounds to `base`, which ran next to it. */
export function row(one: Measured, base: Measured | undefined): string {
  const { fleet, contender, rounds, requests, bytesOut } = one;
  const asked = contender.asked(fleet);
  const factor = asked.length === 0 ? 1 : fleet.hosts / asked.length;
  const of = (pick: (outcome: Outcome) => number) => spread(rounds.map(pick));
  const times = (pick: (outcome: Outcome) => number) =>
    spread(
      rounds.flatMap((outcome, round) => {
        const paired = base?.rounds[round];
        return paired === undefined ? [] : (pick(outcome) * factor) / pick(paired);
      }),
    );
  const count = Object.values(requests).reduce((a, b) => a + b, 0);
  return `| ${[
    nameFleet(fleet),
    one.line,
    factor === 1 ? contender.name : `${contender.name}, ${asked.length} hosts (x ${round(factor)})`,
    count.toLocaleString('en'),
    (bytesOut / 1e6).toFixed(2),
    of(({ wallMs }) => wallMs / 1000),
    of(({ cpuMs }) => cpuMs / 1000),
    round(median(rounds.map(({ peakBytes }) => peakBytes)) / 2 ** 20),
    base === undefined || base === one
      ? '-'
      : `${times(({ cpuMs }) => cpuMs)}, ${times(({ wallMs }) => wallMs)}`,
    ...answersOf(one),
  ].join(' | ')} |`;
}

/** Throws where one that tells faults apart says what is not so: its figures would be of something else. */
function answersOf({ fleet, contender, rounds }: Measured): string[] {
  const printed = rounds[0]?.printed ?? new Map<number, string>();
  const asked = contender.asked(fleet);
  if (asked.length === 0) return ['-', '-'];
  const bad = asked.filter((number) => faultOf(number, fleet));
  const wrong = asked.filter((number) => !faultOf(number, fleet) && printed.get(number) !== 'ok');
  const found = bad.filter((number) => printed.get(number) !== 'ok');
  for (const number of contender.isExact ? asked : []) {
    const expected = faultOf(number, fleet)?.kind ?? 'ok';
    if (printed.get(number) === expected) continue;
    throw new Error(
      `${contender.name}: host ${number} is ${expected}, and was called ${printed.get(number)}`,
    );
  }
  return [`${found.length} of ${bad.length}`, `${wrong.length} of ${asked.length - bad.length}`];
}

/** The median, and from where to where. */
function spread(values: readonly number[]): string {
  if (values.length === 0) return '-';
  const middle = round(median(values));
  const [least, greatest] = [Math.min(...values), Math.max(...values)].map(round);
  return values.length === 1 ? middle : `${middle} (${least} to ${greatest})`;
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
