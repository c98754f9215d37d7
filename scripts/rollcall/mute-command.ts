// `rollcall mute` and `unmute`: nobody is notified of a host for a while, in force at once and without a deployment.
import { quoteName } from '../../shared/messages/plain-text.ts';
import type { OperatorPage } from '../../shared/monitor/operator-page.ts';
import { defineCommand, TEXT } from './command.ts';
import { askWhetherMeant, findHost, onlyName, STATE_OPTIONS } from './config-file.ts';
import { changePage, ENTRY_HELP, openEntries } from './operator-entries.ts';
import { readReason, readUntil } from './pause-command.ts';

const MUTE_HELP = `rollcall mute - notify nobody of a host for a while

Examples
  rollcall mute lab --until 14d --because "disk swap"
  rollcall mute lab --until 30d --because "still waiting for the disk"    changes it
  rollcall mute                            who is muted, and what is acknowledged
  rollcall unmute lab                      ends it

It is in force at once, without a deployment. Everyone is notified of it, and each digest lists it. tampered,
expiring and unreadable are sent all the same. What is still wrong when it ends is sent then, and what was wrong
meanwhile as OVER or OK AGAIN. That no backup is owed for a while is another thing: rollcall pause.

Options
  --until DAY           the first day on which alerts are sent again: 14d, or a date; 90 days from now at most
  --because TEXT        why, in a few words
${ENTRY_HELP}`;

const MUTE = {
  ...{ what: 'mute', first: 'the first day on which its alerts are sent again', undo: 'unmute' },
};

export const muteCommand = defineCommand({
  help: MUTE_HELP,
  options: { ...STATE_OPTIONS, until: TEXT, because: TEXT },
  operands: true,
  run: async (options, operands) => {
    const { config, open, list } = await openEntries(options);
    const isList = operands.length === 0 && (options.until ?? options.because) === undefined;
    if (isList) return list();
    const host = findHost(config, onlyName(operands, 'mute'));
    const now = Date.now();
    const until = readUntil(options.until, host, MUTE, now);
    const because = readReason(options.because, MUTE);
    const add = ({ acks, mutes }: OperatorPage) => {
      const known = mutes.find((one) => one.host === host.name);
      if (known?.until === until && known.because === because) return undefined;
      const others = mutes.filter((one) => one.host !== host.name);
      return { acks, mutes: [...others, { host: host.name, at: now, because, until }] };
    };
    const isNew = await changePage(await open(), add, now);
    const says = `${host.name} is muted until ${until}: ${quoteName(because)}`;
    process.stdout.write(
      `${says}${isNew ? '; everyone is notified of it with the next window that is judged' : ' already'}\n`,
    );
    return 0;
  },
});

const UNMUTE_HELP = `rollcall unmute - notify of a host again

Examples
  rollcall unmute lab
  rollcall mute                            who is muted, and what is acknowledged

It is in force at once: the next run sends what is wrong with the host.

Options
${ENTRY_HELP}`;

export const unmuteCommand = defineCommand({
  help: UNMUTE_HELP,
  options: STATE_OPTIONS,
  operands: true,
  run: async (options, operands) => {
    const { config, open } = await openEntries(options);
    // One that is not in the config any more can be muted still.
    const name = onlyName(operands, 'unmute');
    const isMuted = await changePage(
      await open(),
      ({ acks, mutes }) => {
        const others = mutes.filter((one) => one.host !== name);
        return others.length === mutes.length ? undefined : { acks, mutes: others };
      },
      Date.now(),
    );
    const says = isMuted ? 'is not muted any more' : `is not muted${askWhetherMeant(config, name)}`;
    process.stdout.write(`${quoteName(name)} ${says}\n`);
    return 0;
  },
});
