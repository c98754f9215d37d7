// The whole path on one S3 server: real duplicity writes, `rollcall run` judges, and the mails arrive at a mail server.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demandPrograms, makeHost } from '../e2e/duplicity-host.ts';
import { noon } from '../e2e/noon.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';
import type { Store } from './store.ts';

const names = new URL('localhost-names.mjs', import.meta.url).href;
const script = resolve(import.meta.dirname, '../../scripts/rollcall.ts');

/** `versions`: the server has them. `style`: how hosts.yml says that the bucket is asked for. */
export function describeWholePath(
  name: string,
  start: () => Promise<Store>,
  { versions, style = 'path' }: { readonly versions: boolean; readonly style?: 'path' | 'virtual' },
): void {
  describe(`on ${name}, rollcall run`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-anywhere-'));
    const Bucket = `backups-${process.pid}`;
    const Memory = `memory-${process.pid}`;
    const { timezone } = noon(Date.now());
    // Some minutes ago: the first run judges a window that has just closed.
    const due = new Date(Date.now() - 3 * 60_000)
      .toLocaleTimeString('en-GB', { timeZone: timezone })
      .slice(0, 5);
    // Else a host that no run has known yet would owe nothing.
    const since = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
    let store: Store;
    let mail: MailServer;
    let host: Awaited<ReturnType<typeof makeHost>>;
    let s3: S3Client;

    beforeAll(async () => {
      demandPrograms();
      [store, mail, host] = await Promise.all([
        start(),
        startMailServer(),
        makeHost({ PATH: process.env.PATH }),
      ]);
      const { endpoint, region, credentials } = store;
      s3 = new S3Client({
        ...{ endpoint, region, credentials, forcePathStyle: true },
        requestChecksumCalculation: 'WHEN_REQUIRED',
      });
      for (const one of [Bucket, Memory]) await s3.send(new CreateBucketCommand({ Bucket: one }));
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      if (versions) {
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      }
      writeFileSync(
        join(folder, 'hosts.yml'),
        `bucket: ${Bucket}
region: ${region}
endpoint: ${style === 'virtual' ? store.virtual : endpoint}
endpointStyle: ${style}
timezone: ${timezone}
window: { opens: "00:00", due: "${due}", grace: 1m }
recipients: ["${host.subkey}"]
smtp: { host: 127.0.0.1, port: ${mail.port}, tls: none }
alerts: { from: backups@example.net, mail: [ops@example.net], weeklyTest: false }
hosts: { web: {}, db: { since: ${since} } }
`,
      );
    });
    afterAll(async () => {
      s3?.destroy();
      await Promise.all([store?.stop(), mail?.stop(), host?.remove()]);
      rmSync(folder, { recursive: true, force: true });
    });

    const env = () => ({
      PATH: process.env.PATH,
      HOME: folder,
      NO_COLOR: '1',
      AWS_ACCESS_KEY_ID: store.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: store.credentials.secretAccessKey,
      AWS_DEFAULT_REGION: store.region,
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    const lookedUp = join(folder, 'looked-up');
    const ownNames =
      style === 'path' ? {} : { NODE_OPTIONS: `--import=${names}`, LOOKED_UP: lookedUp };
    const rollcall = (...words: string[]) =>
      runProgram(process.execPath, [script, ...words], {
        cwd: folder,
        env: { ...env(), ...ownNames },
      }).then(
        (printed) => ({ status: 0, printed }),
        (error: unknown) => {
          if (!(error instanceof ProgramError)) throw error;
          return { status: error.status, printed: error.printed };
        },
      );
    const subjects = () =>
      mail.mails.map(({ source }) =>
        (/^subject: (.*(?:\r\n .*)*)/im.exec(source)?.[1] ?? '').replace(/\s+/g, ' '),
      );
    const backUp = (name: string, at?: number) =>
      host.backUp(`boto3+s3://${Bucket}/${name}`, env(), store.endpoint, at);

    it('finds what real duplicity wrote good, with its key', async () => {
      await backUp('web');
      await backUp('db', Date.now() - 50 * 3_600_000);
      const { printed } = await rollcall('check', '--json', '--host', 'web');
      const [web] = JSON.parse(printed).hosts;
      const bad = web.findings.filter((one: { severity: string }) => one.severity !== 'info');
      expect([web.verdict, bad]).toEqual(['ok', []]);
      expect(web.sets[0]).toMatchObject({ complete: true, volumes: 3, encrypted: true });
    });

    it.each(['state', `s3://${Memory}/eu`])(
      'sends the alarm once, and remembers in %s that it did',
      async (state) => {
        mail.mails.length = 0;
        expect(await rollcall('run', '--state', state)).toMatchObject({ status: 0 });
        expect(subjects()).toEqual([expect.stringContaining('1 of 2 hosts FAILED: db MISSING')]);
        expect(await rollcall('run', '--state', state)).toMatchObject({ status: 0 });
        expect(subjects()).toHaveLength(1);
        expect(await rollcall('status', '--state', state)).toMatchObject({ status: 2 });
      },
    );

    it.runIf(style === 'virtual')('has each bucket in the name that it asks for', () => {
      const asked = new Set(readFileSync(lookedUp, 'utf8').trim().split('\n'));
      const { hostname } = new URL(store.virtual ?? '');
      expect([...asked].sort()).toEqual([Bucket, Memory].map((one) => `${one}.${hostname}`));
    });

    it('reports a volume that somebody removed', async () => {
      const { Contents = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: 'web/duplicity-full.' }),
      );
      const volume = Contents.find(({ Key = '' }) => Key.includes('.vol2.'))?.Key ?? '';
      await s3.send(new DeleteObjectCommand({ Bucket, Key: volume }));
      const { status, printed } = await rollcall('check', '--json', '--host', 'web');
      const [web] = JSON.parse(printed).hosts;
      expect([status, web.verdict]).toEqual([2, versions ? 'tampered' : 'incomplete']);
    });

    it('is well by the doctor', async () => {
      const { printed } = await rollcall('doctor', '--state', 'state');
      expect(printed).toMatch(/^ok +state /m);
      expect(printed).toMatch(/^ok +last run /m);
      expect(printed).toMatch(/^ok +clock /m);
      expect(printed).toMatch(versions ? /can be listed, with versions/ : /without versions/);
      expect(printed).toMatch(/^ok +mail server /m);
    });
  });
}
