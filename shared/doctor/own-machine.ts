// A run on a machine of one's own: can it read, remember and notify, and when did it last?
import { type Config, mailboxesOf } from '../config/config.ts';
import { NOBODY_NOTIFIED, recipientsOf } from '../config/recipients.ts';
import type { Inconclusive } from '../duplicity/versions.ts';
import { formatDuration } from '../messages/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';
import { judgeHooks, type Refusals } from './channels.ts';
import { step } from './fix.ts';

/** What a look at the mail server found: without `refuses` it takes the user. */
export type MailServer = { readonly name: string; readonly refuses?: string };

/** Everything that could keep an alarm from somebody on the config, as far as it can be known without sending one. */
export function judgeOwnMachine(
  server: MailServer | undefined,
  refusals: Refusals,
  config: Config,
): readonly Check[] {
  return [
    ...judgeRecipients(config),
    ...(server === undefined ? [] : [judgeServer(server, mailboxesOf(config))]),
    // Where the server itself refuses, each address would say the same.
    ...(server?.refuses === undefined ? mailboxesOf(config).flatMap(judgeAddress(refusals)) : []),
    ...judgeHooks({ read: true, value: refusals }, config, false),
  ];
}

function judgeRecipients({ alerts }: Config): readonly Check[] {
  const check = 'recipients';
  switch (recipientsOf(alerts)) {
    case 'some':
      return [];
    case 'none':
      return [ok(check, 'nobody is notified, as hosts.yml says: alerts: none')];
    case 'missing':
      return [fail(check, NOBODY_NOTIFIED.message, step('edit-config', NOBODY_NOTIFIED.fix))];
  }
}

function judgeServer({ name, refuses }: MailServer, mail: readonly string[]): Check {
  const check = 'mail server';
  if (refuses === undefined) return ok(check, `${name} takes the user and the password`);
  return fail(
    check,
    refuses,
    step('edit-config', 'correct "smtp" in hosts.yml or the password, then: rollcall test-alert'),
    mail,
  );
}

function judgeAddress(refusals: Refusals): (address: string) => Check[] {
  return (address) => {
    const refusal = refusals.get(`mail to ${address}`);
    if (refusal === undefined) return [];
    return [
      fail(
        `mail to ${address}`,
        `takes no message: ${refusal.says}`,
        step('edit-config', 'correct the address in hosts.yml, then: rollcall test-alert'),
        [address],
      ),
    ];
  };
}

/** What a probe of the state found: a page was written, and one that is based on less was refused. */
export type StateProbe = { readonly isConditional: boolean; readonly openTo?: 'others' };

/** Whether a run can remember there. */
export function judgeState(place: string, probe: Reading<StateProbe>): readonly Check[] {
  const check = 'state';
  return judgeReading(check, probe, ({ isConditional, openTo }) => {
    if (!isConditional) {
      return [
        warn(
          check,
          `${place} takes a write that is based on an older page: of two runs at once, one can undo what the other remembered`,
          step('decide', 'let only one run be there at a time, or name a folder: --state DIR'),
        ),
      ];
    }
    if (openTo !== undefined) {
      return [
        warn(
          check,
          `${place} can be read by every user of this machine`,
          step('decide', `close it: chmod 700 ${place}`),
        ),
      ];
    }
    return [ok(check, `${place} can be read and written`)];
  });
}

const YOUNG_MS = 3_600_000;
const OLD_MS = 2 * 3_600_000;

/** When a run last went well, in milliseconds ago; `undefined` = never. */
export function judgeLastRun(age: Reading<number | undefined>): readonly Check[] {
  const check = 'last run';
  const look = step(
    'look',
    'see what the timer, cron or the container says: docs/setup-anywhere.md',
  );
  return judgeReading(check, age, (ms) => {
    if (ms === undefined) return [fail(check, 'no run went well yet', look)];
    if (ms < -SKEW_MS) return [fail(check, 'the last run is ahead of the clock', look)];
    const says = `the last run that went well was ${formatDuration(Math.max(0, ms))} ago`;
    if (ms < YOUNG_MS) return [ok(check, says)];
    return [ms < OLD_MS ? warn(check, says, look) : fail(check, says, look)];
  });
}

const SKEW_MS = 300_000;

/** By how much this machine's clock is ahead of the store's, in milliseconds. */
export function judgeClock(ahead: Reading<number>): readonly Check[] {
  const check = 'clock';
  return judgeReading(check, ahead, (ms) => {
    const by = formatDuration(Math.abs(ms));
    if (Math.abs(ms) <= SKEW_MS) return [ok(check, 'is that of the store')];
    const says = `is ${by} ${ms > 0 ? 'ahead of' : 'behind'} that of the store`;
    return [
      fail(
        check,
        says,
        step('look', 'set it: timedatectl set-ntp true, or the host of the container'),
      ),
    ];
  });
}

/** What one page of a bucket's listing showed. */
export type BucketLook = {
  readonly bucket: string;
  /** Why there are no versions; `undefined` where there are. */
  readonly noVersions: Inconclusive | undefined;
  /** Keys are not cut at a delimiter as it is asked: every object is listed. */
  readonly isFlat?: boolean;
};

/** Whether the backups can be listed, and what is seen of a change to them. */
export function judgeBuckets(
  looks: readonly (Reading<BucketLook> & { bucket: string })[],
): readonly Check[] {
  return looks.flatMap((look) =>
    judgeReading(`bucket ${look.bucket}`, look, ({ bucket, noVersions, isFlat }) => [
      ok(
        `bucket ${bucket}`,
        [
          noVersions === undefined
            ? 'can be listed, with versions'
            : `can be listed, without versions (${noVersions}): a change shows by the fingerprints that runs remember`,
          ...(isFlat ? ['it does not cut keys at ".vol", so each object is listed'] : []),
        ].join('; '),
      ),
    ]),
  );
}

/** A password that any user of the machine can read. */
export function judgePasswordFile(file: string, isOpen: boolean): readonly Check[] {
  const check = 'password file';
  return isOpen
    ? [
        warn(
          check,
          `${file} can be read by every user of this machine`,
          step('decide', `close it: chmod 600 ${file}`),
        ),
      ]
    : [ok(check, `${file} is closed to others`)];
}
