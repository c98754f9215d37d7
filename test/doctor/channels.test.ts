import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type Check, fail, ok } from '../../shared/doctor/audit.ts';
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
const topics = { alerts: 'arn:aws:sns:eu-west-1:1:alerts', ops: 'arn:aws:sns:eu-west-1:1:ops' };
const dropped = fail('mail', 'boss@example.net is dropped', aFix, ['boss@example.net']);
const denied: Check = { check: 'mail', status: 'unknown', says: 'denied', fix: 'allow it' };

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

  it('warns where only webhooks are, which cannot be notified that the monitor has stopped', () => {
    const https = 'https: ["https://hook.example/x"]';
    expect(textsOf(recipients(`alerts: { ${https} }\n`))).toEqual([
      'warn: nobody is notified when the monitor itself stops: CloudWatch cannot post to a webhook',
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
    compareChannels(before, checks, (before?.lookedAt ?? now - HOUR) + HOUR);
  const shown = ({ states }: ChannelStates) =>
    states.map(({ status, says, since }) => [status, says, since]);

  it('knows since when a channel is as it is', () => {
    const first = look(undefined, dropped);
    expect(shown(look(first, dropped))).toEqual([['fail', dropped.says, first.lookedAt]]);
    const repaired = look(look(first, dropped), ok('mail', 'well'));
    expect(shown(repaired)).toEqual([['ok', 'well', repaired.lookedAt]]);
  });

  it('keeps for dead what it could not look at', () => {
    const inconclusive = look(look(undefined, dropped), denied);
    expect(shown(inconclusive)).toEqual([
      ['fail', dropped.says, now],
      ['unknown', denied.says, now + HOUR],
    ]);
    expect(silentAddresses(inconclusive.states)).toEqual(new Set(['boss@example.net']));
  });
});
