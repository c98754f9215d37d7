import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { Check } from '../../shared/doctor/audit.ts';
import {
  judgeBuckets,
  judgeClock,
  judgeLastRun,
  judgeOwnMachine,
  judgePasswordFile,
  judgeState,
} from '../../shared/doctor/own-machine.ts';

const HOUR = 3_600_000;
const brief = (checks: readonly Check[]) => checks.map(({ status, says }) => `${status}: ${says}`);
const read = <Value>(value: Value) => ({ read: true, value }) as const;
const notRead = { read: false, why: 'refused', fix: 'ask' } as const;
const config = parseConfig(
  `bucket: acme-backups
smtp: { host: mail.example.net }
alerts: { from: a@example.net, mail: [ops@example.net], https: [https://chat.example.net/x] }
hosts: { web: {} }`,
  'hosts.yml',
);

describe('what the doctor says of a run on a machine of its own', () => {
  it('is about a state that can be written, that two runs cannot spoil, and that is closed', () => {
    const judge = (probe: Parameters<typeof judgeState>[1]) => brief(judgeState('/var/x', probe));
    expect(judge(read({ isConditional: true }))).toEqual(['ok: /var/x can be read and written']);
    expect(judge(read({ isConditional: false }))[0]).toMatch(/^warn: .*based on an older page/);
    expect(judge(read({ isConditional: true, openTo: 'others' }))[0]).toMatch(
      /^warn: .*every user/,
    );
    expect(judge(notRead)).toEqual(['unknown: refused']);
  });

  it.each([
    [undefined, 'fail'],
    [0, 'ok'],
    [HOUR - 1, 'ok'],
    [HOUR, 'warn'],
    [2 * HOUR, 'fail'],
    [-299_000, 'ok'],
    [-301_000, 'fail'],
  ])('is about a last run %s ms ago: %s', (age, status) => {
    expect(judgeLastRun(read(age)).map((one) => one.status)).toEqual([status]);
  });

  it.each([
    [300_000, 'ok: is that of the store'],
    [300_001, 'fail: is 5 min ahead of that of the store'],
    [-HOUR, 'fail: is 1 h behind that of the store'],
  ])('is about a clock that is %i ms ahead', (ms, says) => {
    expect(brief(judgeClock(read(ms)))).toEqual([says]);
  });

  it('is about each bucket, and what is seen of a change there', () => {
    const look = (value: object) => ({ bucket: 'b', ...value }) as never;
    expect(
      brief(
        judgeBuckets([
          look(read({ bucket: 'b', noVersions: undefined })),
          look(read({ bucket: 'b', noVersions: 'not offered' })),
          look(read({ bucket: 'b', noVersions: undefined, isFlat: true })),
          look(notRead),
        ]),
      ),
    ).toEqual([
      'ok: can be listed, with versions',
      'ok: can be listed, without versions (not offered): a change shows by the fingerprints that runs remember',
      'ok: can be listed, with versions; it does not cut keys at ".vol", so each object is listed',
      'unknown: refused',
    ]);
  });

  it('is about a password that others can read', () => {
    expect(brief(judgePasswordFile('/p', true))[0]).toMatch(/^warn/);
    expect(brief(judgePasswordFile('/p', false))[0]).toMatch(/^ok/);
  });

  it('is about the mail server, and the addresses and webhooks that refused', () => {
    const server = { name: 'mail.example.net:587' };
    const refusals = new Map([['mail to ops@example.net', { since: 0, says: '550' }]]);
    expect(brief(judgeOwnMachine(server, new Map(), config))).toEqual([
      'ok: mail.example.net:587 takes the user and the password',
      'ok: has refused no message',
    ]);
    expect(judgeOwnMachine(server, refusals, config)[1]).toMatchObject({
      ...{ status: 'fail', silent: ['ops@example.net'], says: 'takes no message: 550' },
    });
    const dead = judgeOwnMachine({ ...server, refuses: 'no TLS' }, refusals, config);
    expect(dead[0]).toMatchObject({ status: 'fail', says: 'no TLS', silent: ['ops@example.net'] });
    expect(dead).toHaveLength(2);
    for (const check of dead) if ('fix' in check) expect(check.fix).not.toContain('deploy');
    const { alerts } = config;
    const none = { ...config, alerts: { ...alerts, mail: [], webhooks: [] } };
    expect(brief(judgeOwnMachine(undefined, new Map(), none))[0]).toMatch(/^fail: nobody/);
    const silent = { ...none, alerts: { ...none.alerts, none: true as const } };
    expect(brief(judgeOwnMachine(undefined, new Map(), silent))[0]).toMatch(/^ok: nobody/);
  });
});
