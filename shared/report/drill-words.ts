// When backups were last proven by a restore, in a few lines whatever the number of hosts.
import type { Instant } from '../duplicity/time.ts';
import { COLUMN, paragraph } from './paragraph.ts';
import { count, sayDate } from './plain-text.ts';
import type { Run } from './run.ts';

const NAMED = 5;
const DAY = 86_400_000;

/** Whose last proof is the oldest, who has none, and whose last drill failed; nothing where nobody has looked. */
export function composeDrills({ report, drills, timezone }: Run): string[] {
  const hosts = report.verdicts.map(({ host }) => host.name);
  if (drills === undefined || hosts.length === 0) return [];
  const proven = hosts
    .flatMap((name) => {
      const at = drills.get(name)?.provenAt;
      return at === undefined ? [] : [{ name, at }];
    })
    .sort((a, b) => a.at - b.at);
  const never = hosts.filter((name) => drills.get(name)?.provenAt === undefined);
  const failed = hosts.filter((name) => {
    const { provenAt = 0, failedAt = 0 } = drills.get(name) ?? {};
    return failedAt > provenAt;
  });
  const sayAge = ({ name, at }: { name: string; at: Instant }) =>
    `${name} ${count(Math.floor((report.checkedAt - at) / DAY), 'day')} ago (${sayDate(at, timezone)})`;
  const said = [
    ...(proven.length === 0 ? [] : [`last proven: ${nameSome(proven.map(sayAge))}`]),
    ...(never.length === 0 ? [] : [`never proven: ${nameSome(never)}`]),
  ];
  // The next to be drilled: whoever never was, else whose proof is the oldest.
  const next = failed[0] ?? never[0] ?? proven[0]?.name;
  return [
    ...paragraph('RESTORES', `${said.join('; ')}.`),
    ...(failed.length === 0 ? [] : paragraph('', `The last drill FAILED of ${nameSome(failed)}.`)),
    `${' '.repeat(COLUMN)}Next:    restore-drill ${next}`,
    '',
  ];
}

function nameSome(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
