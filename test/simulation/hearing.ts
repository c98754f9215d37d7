// What a message says of whom: read from its subject, its text and its SMS, as a person would.

import type { Seat } from './world.ts';

/** What a message says of one host: it is well, well again, or something is wrong with it. */
export type About = {
  readonly name: string;
  readonly kind: string;
  readonly says: 'ok' | 'again' | 'bad' | 'note';
};

/** What somebody was sent; `wasTaken`: the channel did not refuse it. */
export type Notified = {
  readonly at: number;
  readonly seat: Seat['id'];
  readonly subject: string;
  /** What this seat shows: a phone has room for little. */
  readonly text: string;
  /** By it two messages are the same, or not. */
  readonly whole: string;
  readonly about: readonly About[];
  /** The number of the daily digest, if it is one. */
  readonly digest: string | undefined;
  readonly wasTaken: boolean;
};

type Message = {
  readonly subject: string;
  readonly text: string;
  readonly smsLine: string | undefined;
};

/** Critical by the list of findings; everything else is a note. */
const BAD = new Set(
  [
    'tampered unreadable damaged poisoned chain-broken missing incomplete incremental unencrypted',
    'wrong-recipient expiring never missed',
  ].flatMap((line) => line.split(' ')),
);

/** What it lacked is there by now, and something else is wrong with it. */
export const MADE_GOOD = 'made good';

/** `ada OVER: full done Sat 12 Sep`, `BACKUP OVER ada: full done`, `BACKUP OVER: ada, bob.` */
function isMadeGood(text: string, name: string): boolean {
  const [, all = ''] = /(?:\bBACKUP|\.) OVER: ([^.\n]*)/.exec(text) ?? [];
  const one = new RegExp(`(?:\\b${name} OVER|\\bOVER +${name}): (?:full|incremental) done`);
  return one.test(text) || all.split(', ').includes(name);
}

/** A phone shows the SMS alone. */
export function readMessage(
  { subject, text, smsLine: sms }: Message,
  seat: Notified['seat'],
  names: readonly string[],
): Omit<Notified, 'at' | 'wasTaken'> {
  const about = names.flatMap((name) =>
    seat === 'phone'
      ? readSms(sms ?? '', name)
      : [...readHead(subject, name), ...readText(text, name)],
  );
  const shown = seat === 'phone' ? (sms ?? '') : `${subject}\n${text}`;
  for (const name of names.filter((one) => isMadeGood(shown, one)))
    about.push({ name, kind: MADE_GOOD, says: 'note' });
  const digest = /^Digest (#\d{4}-\d{3})/m.exec(text)?.[1];
  return {
    seat,
    subject,
    text: seat === 'phone' ? (sms ?? '') : text,
    whole: `${subject}\n${text}`,
    about,
    digest,
  };
}

const note = (name: string, word: string): About => {
  const kind = word.toLowerCase();
  if (kind === 'ok') return { name, kind, says: 'ok' };
  return { name, kind, says: BAD.has(kind) ? 'bad' : 'note' };
};

/** `ada OK AGAIN: ...`, `ada MISSING (2nd day), bob LATE`, `TAMPERED: ada, bob. 3 of 4 hosts FAILED`. */
function readHead(line: string, name: string): About[] {
  if (new RegExp(`\\b${name} OK(?: AGAIN)?:`).test(line) || isAmongWell(line, name))
    return [{ name, kind: 'ok', says: 'again' }];
  const words = new RegExp(`\\b${name}:? ((?:[A-Z][A-Z-]+(?:, )?)+)`).exec(line)?.[1] ?? '';
  const [, all = ''] = /\bTAMPERED: (.*?)\. /.exec(`${line} `) ?? [];
  // The SMS of one has who did it behind its name.
  const isTampered = all.split(', ').some((one) => one === name || one.startsWith(`${name} by `));
  // What a subject counts as failed is critical, whatever it is called elsewhere.
  const failed = line.includes(' FAILED: ');
  // What stands with its name again is known of it already, as the "+INCOMPLETE" of a host without tampering is.
  const heard = isTampered ? ['tampered'] : words.split(/, ?/).filter(Boolean);
  return heard.map((word) =>
    failed ? { name, kind: word.toLowerCase(), says: 'bad' } : note(name, word),
  );
}

/** `2 hosts OK AGAIN: ada, bob`, `BACKUP OK AGAIN: ada, bob.`, `1/2 FAILED: cyd MISSING. OK AGAIN: ada, bob.` */
function isAmongWell(line: string, name: string): boolean {
  const [, all = ''] = /(?:\bhosts|\bBACKUP|\.) OK AGAIN: ([^.]*)/.exec(line) ?? [];
  return all.split(', ').includes(name);
}

/** `BACKUP OK AGAIN ada: ...` and the rest as in a subject. */
function readSms(sms: string, name: string): About[] {
  if (new RegExp(`\\bOK(?: AGAIN)? ${name}:`).test(sms))
    return [{ name, kind: 'ok', says: 'again' }];
  return readHead(sms, name);
}

/** `UNREADABLE  2 hosts: ...`, and below it `            Hosts: ada, bob.`. */
const SHARED = /^([A-Z][A-Z-]+) +\d+ hosts: (?:.*\n {12})+?Hosts: ((?:.*\n {12})*?[^.]*)\./gm;

/** `MISSING     ada: ...`, and below it `            expiring: ...`. */
function readText(text: string, name: string): About[] {
  const found: About[] = [];
  let isOurs = false;
  for (const line of text.split('\n')) {
    const first = /^([A-Z][A-Z-]+) +([^ :]+): /.exec(line);
    if (first !== null) isOurs = first[2] === name;
    else if (!line.startsWith(' ')) isOurs = false;
    const word = first === null ? /^ {8,}([a-z-]+): /.exec(line)?.[1] : first[1];
    if (isOurs && word !== undefined) found.push(note(name, word));
  }
  for (const [, word = '', hosts = ''] of text.matchAll(SHARED)) {
    if (hosts.split(/[,\s]+/).includes(name)) found.push(note(name, word));
  }
  return found;
}
