// A machine of one's own at a quarter past eight: a store, a mail server, and `rollcall run` as the process that cron starts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aFull } from '../support/builders.ts';
import { environmentOf, type Ran, startAlone } from './run-rollcall.ts';

/** A clock that begins at a time and goes on, so many times as fast as this machine's. */
const CLOCK = `data:text/javascript,${encodeURIComponent(
  'const now=Date.now,began=now(),{TEST_NOW:at,TEST_SPEED:speed=1}=process.env;Date.now=()=>+at+(now()-began)*speed',
)}`;

export type OwnWorld = {
  readonly aws: LocalAws;
  /** Of its own for each test. */
  readonly folder: string;
  /** Writes hosts.yml: the mail server, and what else it shall say; an endpoint in place of the store's. */
  readonly write: (smtp: string, more?: { readonly endpoint?: string; alerts?: string }) => void;
  /** One whole process at this time of the day; `--state` is the folder `state` unless told. */
  readonly run: (
    time: string,
    words?: readonly string[],
    env?: NodeJS.ProcessEnv,
    wrap?: readonly string[],
  ) => Promise<Ran>;
  readonly reset: () => void;
  readonly close: () => Promise<void>;
};

/** The last backup of both hosts is of the day before. */
export async function openOwnWorld(): Promise<OwnWorld> {
  const clock = { now: Date.parse('2026-11-23T08:15:00Z') };
  const aws = await startLocalAws({ now: () => clock.now });
  aws.createBucket('backups');
  for (const host of ['web', 'db'])
    for (const { name, bytes, modifiedAt } of aFull({ begun: '2026-11-22T03:15:00Z' }))
      aws.put('backups', `${host}/${name}`, { bytes }, { modified: modifiedAt });
  let folder = '';
  const remove = () => folder === '' || rmSync(folder, { recursive: true, force: true });
  return {
    aws,
    get folder() {
      return folder;
    },
    reset: () => {
      remove();
      folder = mkdtempSync(join(tmpdir(), 'rollcall-own-'));
    },
    write: (smtp, { endpoint = aws.endpoint, alerts = 'mail: [ops@example.net]' } = {}) =>
      writeFileSync(
        join(folder, 'hosts.yml'),
        `bucket: backups
region: eu-west-1
endpoint: ${endpoint}
smtp: ${smtp}
alerts: { from: backups@example.net, ${alerts}, weeklyTest: false }
hosts: { web: {}, db: {} }
`,
      ),
    run: (time, words = [], env = {}, wrap = []) => {
      clock.now = Date.parse(`2026-11-23T${time}:00Z`);
      const place = words.includes('--state') ? [] : ['--state', join(folder, 'state')];
      const command = ['run', '--hosts', join(folder, 'hosts.yml'), ...place, ...words];
      const own = { ...environmentOf(aws), AWS_ENDPOINT_URL: '', TEST_NOW: `${clock.now}` };
      const all = { ...own, NODE_OPTIONS: `--import=${CLOCK}`, ...env };
      return startAlone(command, all, '', wrap);
    },
    close: async () => {
      remove();
      await aws.close();
    },
  };
}
