import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type Check, fail, ok, warn } from '../../shared/doctor/audit.ts';
import {
  type ChannelStates,
  compareChannels,
  isLookDue,
  judgeChannels,
  silentAddresses,
} from '../../shared/doctor/channels.ts';
import { fullConfig, smallestConfig } from '../stack/configs.ts';
import { aFix, now, textsOf, unreadable } from './readings.ts';

const HOUR = 3_600_000;
const { alerts } = fullConfig;
const topics = { alerts: 'arn:aws:sns:eu-west-1:1:alerts', ops: 'arn:aws:sns:eu-west-1:1:ops' };
const dropped = fail('mail', 'boss@example.net is dropped', aFix, ['boss@example.net']);
const denied: Check = { check: 'mail', status: 'unknown', says: 'denied', fix: 'allow it' };
const aCheck = fc.oneof(
  fc.constantFrom<Check>(ok('mail', 'a'), ok('sms', 'b'), denied),
  fc
    .tuple(fc.constantFrom('mail', 'sms', 'ops topic'), fc.constantFrom('x', 'y'))
    .map(([check, says]) => fail(check, says, aFix)),
);

const readings = {
  alertsTopic: unreadable,
  opsTopic: unreadable,
  mail: unreadable,
  sms: unreadable,
  refusals: unreadable,
};

describe('judgeChannels', () => {
  it('asks of the topics only, where the config has neither a sender nor a telephone', () => {
    expect(judgeChannels(readings, fullConfig, topics).map(({ check }) => check)).toEqual([
      'alerts topic',
      'ops topic',
      'mail',
      'sms',
      'hooks',
    ]);
    expect(textsOf(judgeChannels(readings, smallestConfig, topics))).toHaveLength(2);
  });
});

describe('judgeChannels, of the recipients', () => {
  const recipients = (text: string) =>
    judgeChannels(
      readings,
      parseConfig(`bucket: abc\n${text}hosts: { a: {} }\n`, 'hosts.yml'),
      topics,
    ).filter(({ check }) => check === 'recipients');

  it('fails where nobody is notified', () => {
    expect(recipients('')).toEqual([
      expect.objectContaining({
        status: 'fail',
        says: expect.stringContaining('nobody is notified'),
        fix: expect.stringContaining('alerts: { mail: [you@example.net] }'),
      }),
    ]);
    expect(textsOf(recipients('alerts: { ops: [a@b.example] }\n'))).toEqual([
      expect.stringMatching(/^fail: nobody is notified/),
    ]);
  });

  it('is ok where hosts.yml has alerts: none, and reports that', () => {
    expect(textsOf(recipients('alerts: none\n'))).toEqual([
      'ok: nobody is notified, as hosts.yml says: alerts: none',
    ]);
  });

  it('warns where only https addresses are, which cannot be notified that the monitor has stopped', () => {
    const https = 'https: ["https://hook.example/x"]';
    expect(textsOf(recipients(`alerts: { ${https} }\n`))).toEqual([
      'warn: nobody is notified when the monitor itself stops: CloudWatch cannot post to an https address',
    ]);
    expect(recipients(`alerts: { ${https}, ops: [a@b.example] }\n`)).toEqual([]);
  });

  it('reports nothing where somebody is notified', () => {
    expect(recipients('alerts: { sms: ["+31600000000"] }\n')).toEqual([]);
  });
});

describe('isLookDue', () => {
  it.each([
    ['nobody has looked', undefined, true],
    ['an hour has passed', now - HOUR, true],
    ['it has not', now - HOUR + 1, false],
  ])('reports when %s', (_, lookedAt, due) => {
    const paths = lookedAt === undefined ? undefined : { lookedAt, states: [] };
    expect(isLookDue(paths, now)).toBe(due);
  });
});

describe('compareChannels', () => {
  const look = (before: ChannelStates | undefined, ...checks: Check[]) =>
    compareChannels(before, checks, (before?.lookedAt ?? now - HOUR) + HOUR, alerts);

  it('reports once that a channel is dead, and once that it is repaired', () => {
    const first = look(undefined, dropped);
    expect([first.died.length, first.repaired.length]).toEqual([1, 0]);
    const second = look(first, dropped);
    expect([second.died, second.repaired]).toEqual([[], []]);
    expect(second.states[0]?.since).toBe(first.lookedAt);
    const third = look(second, ok('mail', 'well'));
    expect(third.repaired.map(({ says, since }) => [says, since])).toEqual([
      [dropped.says, first.lookedAt],
    ]);
  });

  it('reports no channel as repaired that it could not check', () => {
    const inconclusive = look(look(undefined, dropped), denied);
    expect([inconclusive.died, inconclusive.repaired]).toEqual([[], []]);
    expect(silentAddresses(inconclusive.states)).toEqual(new Set(['boss@example.net']));
  });

  it('is urgent only when mail of an alert died', () => {
    expect(look(undefined, dropped).urgent).toBe(true);
    expect(look(look(undefined, dropped), dropped).urgent).toBe(false);
    for (const other of [
      fail('ops topic', 'x', aFix, ['boss@example.net']),
      fail('sms', 'x', aFix, ['+31600000000']),
      warn('mail', 'x', aFix),
    ]) {
      expect(look(undefined, other).urgent).toBe(false);
    }
  });

  it('reports each death before its repair, and neither twice, in any order of states', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(aCheck, { maxLength: 4, selector: JSON.stringify })),
        (looks) => {
          let paths: ChannelStates | undefined;
          const dead = new Set<string>();
          const name = ({ check, says }: Check) => `${check}: ${says}`;
          for (const checks of looks) {
            const seen = look(paths, ...checks);
            for (const one of seen.repaired) expect(dead.delete(name(one))).toBe(true);
            for (const one of seen.died) {
              expect(dead.has(name(one))).toBe(false);
              dead.add(name(one));
            }
            const failing = seen.states.filter(({ status }) => status === 'fail').map(name);
            expect(new Set(failing)).toEqual(dead);
            paths = seen;
          }
        },
      ),
    );
  });
});
