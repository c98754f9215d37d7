// A month of a host that writes chains: real duplicity of both lines, the functions as deployed, an AWS in this process.
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';
import { runProgram } from '../support/run-program.ts';
import { demandPrograms, makeHost } from './duplicity-host.ts';

// Over forty runs of duplicity, each of a second or more.
vi.setConfig({ testTimeout: 600_000 });

const Bucket = 'backups';
/** The n-th day, the first of November 2026 and a Sunday being the first, at a time of the clock. */
const on = (day: number, time: string) =>
  `${new Date(Date.UTC(2026, 9, 31 + day)).toISOString().slice(0, 10)}T${time}:00Z`;
const timeOf = (day: number) => on(day, '02:15').replace(/[-:]/g, '');
// The state notices when no run came for two hours.
const BEFORE = ['00:00', '01:15'];
const AFTER = '03:00 04:45 06:30 08:15 10:00 11:45 13:30 15:15 17:00 18:45 20:30 22:15'.split(' ');

const configWith = (subkey: string) => `bucket: ${Bucket}
region: eu-west-1
timezone: UTC
keepDays: 14
recipients: ["${subkey}"]
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"], weeklyTest: false }
hosts:
  web: { chain: { fullEvery: 7d } }
`;

/** The one of the system, and 3.x in an environment of its own, which is made where it is not there yet. */
const PROGRAMS = [
  { line: '0.8', scheme: 'boto3+s3', find: async () => '/usr/bin/duplicity' },
  { line: '3', scheme: 's3', find: async () => (await runProgram(VENV, [])).trim() },
];
const VENV = new URL('../kit/duplicity3-venv', import.meta.url).pathname;

describe.each(PROGRAMS)(
  'a host whose duplicity $line writes a full each Sunday and increments between',
  ({ line, scheme, find }) => {
    let program: string;
    let host: Awaited<ReturnType<typeof makeHost>>;
    let deployed: Deployed;
    let s3: S3Client;
    const credentials = {
      AWS_ACCESS_KEY_ID: 'AKIAWEB',
      AWS_SECRET_ACCESS_KEY: 'x',
      PASSPHRASE: '',
    };
    const urlOf = (name: string) => `${scheme}://${Bucket}/${name}`;

    beforeAll(async () => {
      demandPrograms();
      program = await find();
      expect(await runProgram(program, ['--version'])).toContain(`duplicity ${line}.`);
      host = await makeHost({ PATH: process.env.PATH });
      // A small tree: what changes is which day it is.
      rmSync(join(host.source, 'data'));
      const text = configWith(host.subkey);
      deployed = await deploy(text);
      const { endpoint, region, credentials: any } = deployed.aws;
      s3 = new S3Client({ endpoint, region, credentials: any, forcePathStyle: true });
      await putLifecycle(s3, parseConfig(text, 'hosts.yml'), Bucket);
    });
    afterAll(async () => {
      s3?.destroy();
      await deployed?.close();
      await host?.remove();
    });

    const tick = async (day: number, times: readonly string[]) => {
      for (const time of times) await deployed.tick(on(day, time));
    };
    /** A backup at night, and the events of it. */
    const backUp = async (
      day: number,
      name = 'web',
      type = day % 7 === 1 ? 'full' : 'incremental',
    ) => {
      const at = on(day, '02:15');
      // Sets the clock of S3, too.
      await deployed.tick(at);
      deployed.aws.requests.clear();
      const changed = join(host.source, 'day');
      writeFileSync(changed, `${day}`);
      // duplicity knows a change by the second of its time.
      utimesSync(changed, Date.parse(at) / 1000, Date.parse(at) / 1000);
      const archive = join(host.dir, `archive-${name}`);
      mkdirSync(archive, { recursive: true });
      await host.backUp(urlOf(name), credentials, deployed.aws.endpoint, Date.parse(at), {
        ...{ type: type as 'full' | 'incremental', archive, program },
      });
      const events = deployed.aws.requests.records
        .filter(({ operation }) => operation === 'PutObject')
        .map(({ key = '' }) => s3Event('ObjectCreated:Put', key, at));
      await deployed.event(events, on(day, '02:20'));
    };
    const liveOn = async (day: number, times = AFTER) => {
      await tick(day, times);
      deployed.aws.runLifecycle(Bucket, on(day + 1, '00:10'));
    };
    /** What was sent since the last look. */
    const sent = () => {
      const mails = deployed.aws.outbox.mails.map(({ subject, text }) => ({
        subject: subject.replace(/ - .*/, ''),
        text: text.replace(/\s+/g, ' '),
      }));
      deployed.aws.outbox.clear();
      return mails;
    };
    const subjects = () => sent().map(({ subject }) => subject);
    /** The day that a restore brings back. */
    const restore = async (name: string, day: number) => {
      const out = join(host.dir, 'restored');
      const archive = join(host.dir, 'restorer');
      for (const dir of [out, archive]) rmSync(dir, { recursive: true, force: true });
      mkdirSync(archive);
      const { endpoint } = deployed.aws;
      const at = Date.parse(on(day, '23:00'));
      await host.run(['restore', urlOf(name), out], {
        credentials,
        archive,
        endpoint,
        at,
        program,
      });
      return readFileSync(join(out, 'day'), 'utf8');
    };
    const list = async () => (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? [];

    it('causes one mail a day for a month, and each says OK', async () => {
      for (let day = 1; day <= 31; day += 1) {
        await tick(day, BEFORE);
        await backUp(day);
        await liveOn(day);
        expect(subjects(), `day ${day}`).toEqual(['[backup] 1 of 1 host OK']);
      }
      expect(await restore('web', 31)).toBe('31');
      // Lifecycle has taken the first chains.
      expect((await list()).map(({ Key = '' }) => Key).join()).not.toContain(timeOf(13));
    });

    it('is one alarm when a middle increment is not there, and names the day that duplicity restores', async () => {
      await tick(32, BEFORE);
      await backUp(32);
      for (const { Key = '', LastModified } of await list()) {
        if (Key.includes(`to.${timeOf(30)}`)) continue;
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
        const modified = LastModified ?? new Date(Number.NaN);
        deployed.aws.put(Bucket, Key.replace('web/', 'old/'), bytes, { modified });
      }
      deployed.change(`${configWith(host.subkey)}  old: { chain: { fullEvery: 7d } }\n`);
      await liveOn(32);
      const [alarm, ...others] = sent();
      expect(others).toEqual([]);
      expect(alarm?.subject).toBe('[backup] 1 of 2 hosts FAILED: old CHAIN-BROKEN (3rd day)');
      expect(alarm?.text).toContain(
        'the incremental of Wed 2 Dec 02:15 restores nothing: it builds on the set of Mon 30 Nov 02:15, which is not there. The newest state that restores is of Sun 29 Nov 02:15',
      );
      expect(await restore('old', 32)).toBe('29');
    });

    it('is over with the next full', async () => {
      await tick(33, BEFORE);
      await backUp(33);
      await backUp(33, 'old', 'full');
      expect(subjects()).toEqual(['[backup] old OK AGAIN: full done Thu 3 Dec 02:15 UTC']);
      await liveOn(33);
      expect(subjects()).toEqual(['[backup] 2 of 2 hosts OK']);
      expect(await restore('old', 33)).toBe('33');
    });

    it('reports at once a middle increment that is removed, and what is left of the chain', async () => {
      await tick(34, BEFORE);
      const at = on(34, '01:30');
      const files = (await list()).filter(
        ({ Key = '' }) => Key.startsWith('web/') && Key.includes(`to.${timeOf(31)}`),
      );
      expect(files).toHaveLength(3);
      for (const { Key = '' } of files) deployed.aws.remove(Bucket, Key, { modified: at });
      await deployed.event(
        files.map(({ Key = '' }) => s3Event('ObjectRemoved:DeleteMarkerCreated', Key, at)),
        on(34, '01:31'),
      );
      const [alarm, ...others] = sent();
      expect(others).toEqual([]);
      expect(alarm?.subject).toBe('[backup] TAMPERED: web. 1 of 2 hosts FAILED');
      expect(alarm?.text).toContain(
        'after the incremental of Tue 1 Dec 02:15 was finished, 3 files were hidden',
      );
      expect(alarm?.text).toContain(
        'chain-broken: the incremental of Thu 3 Dec 02:15 restores nothing: it builds on the set of Tue 1 Dec 02:15, which is not there. The newest state that restores is of Mon 30 Nov 02:15',
      );
      expect(await restore('web', 33)).toBe('30');
      // duplicity itself builds the next one on what is left.
      await backUp(34, 'web', 'incremental');
      expect(subjects()).toEqual(['[backup] web OVER: incremental done Fri 4 Dec 02:15 UTC']);
      expect(await restore('web', 34)).toBe('34');
    });
  },
);
