// The whole path of the kits on one S3 server: a host is set up and backs itself up, and its files are restored elsewhere.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demandPrograms } from '../e2e/duplicity-host.ts';
import { type Authority, makeAuthority } from '../support/certificates.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';
import { type Relay, startProxy, startTls } from './relays.ts';
import { STORE_DOMAIN, type Store } from './store.ts';

const project = resolve(import.meta.dirname, '../..');
const MINUTES = 60_000;
/** What only Amazon's customers can do. */
const AMAZONS_CURE = /rollcall add-|\bIAM\b|\bssm\b|console|\baws\b|\bAWS\b|Glacier|the stack/;

/** `versions`: the server has them. `virtual`: it takes a bucket as a part of its name, `STORE_DOMAIN`. */
export function describeKitPath(
  name: string,
  start: () => Promise<Store>,
  { versions, virtual }: { readonly versions: boolean; readonly virtual: boolean },
): void {
  describe(`on ${name}, the kits`, { timeout: 5 * MINUTES }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-kits-'));
    const inside = (path: string) => join(folder, path);
    const Bucket = `kits-${process.pid}`;
    const data = randomBytes(2_500_000);
    const file = inside('tree/etc/motd').slice(1);
    let store: Store;
    let s3: S3Client;
    let authority: Authority;
    let hasUsers: boolean;
    let set: string;
    const relays: Relay[] = [];

    /** What a line of the shell printed, and how it ended. */
    async function sh(line: string, more: NodeJS.ProcessEnv = {}) {
      const kits = [inside('host/usr/local/sbin'), join(project, 'scripts/restore/bin')];
      const env = {
        PATH: [...kits, join(project, 'node_modules/.bin'), '/usr/sbin:/usr/bin:/sbin:/bin'].join(
          ':',
        ),
        HOME: inside('home'),
        TMPDIR: inside('tmp'),
        TZ: 'UTC',
        LC_ALL: 'C.UTF-8',
        NO_COLOR: '1',
        ROLLCALL_ROOT: inside('host'),
        ROLLCALL_RESTORE_SYSTEM: inside('system'),
        ...more,
      };
      const answer = await runProgram('/bin/bash', ['-c', `exec </dev/null; ${line}`], {
        cwd: folder,
        env,
      }).then(
        (printed) => ({ status: 0, printed }),
        (error: unknown) => {
          if (!(error instanceof ProgramError)) throw error;
          return { status: error.status, printed: error.printed };
        },
      );
      const hints = answer.printed.match(/(?:hint|do): .*/g) ?? [];
      expect(hints.filter((hint) => AMAZONS_CURE.test(hint))).toEqual([]);
      return answer;
    }
    const ends = (status: number, printed?: RegExp) => ({
      status,
      printed: printed === undefined ? expect.any(String) : expect.stringMatching(printed),
    });
    const keep = (path: string, [id, secret]: readonly [string, string]) =>
      writeFileSync(
        inside(path),
        `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`,
      );
    const setUp = (words: string) =>
      sh(`rollcall-backup-setup --id web --bucket ${Bucket} --region ${store.region} --endpoint-url ${store.endpoint} \
        --public-key key/web.pub.gpg --fingerprint $(cat fingerprint) --wait 0 ${words}`);
    const addHost = (words: string, env?: NodeJS.ProcessEnv) =>
      sh(
        `restore-add-host web --bucket ${Bucket} --region ${store.region} --endpoint-url ${store.endpoint} \
        --key key/web.key ${words}`,
        env,
      );
    const forget = () => sh('rm -rf home/.config');
    const unlock = async () =>
      expect(await sh('set-passphrase web <key/web.passphrase')).toMatchObject(ends(0));
    /** The keys of the files of a set, by a part of their names. */
    const keysOf = async (part: string) => {
      const { Contents = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: `web/duplicity-full.${set}.${part}` }),
      );
      return Contents.flatMap(({ Key = '' }) => Key);
    };
    const restored = (place: string) => readFileSync(inside(`${place}/${inside('tree/data')}`));

    beforeAll(async () => {
      demandPrograms();
      for (const one of ['host/etc', 'home', 'tmp', 'tree/etc']) {
        mkdirSync(inside(one), { recursive: true });
      }
      writeFileSync(inside('tree/data'), data);
      writeFileSync(inside('tree/etc/motd'), 'hello\n');
      writeFileSync(inside('host/etc/backup-targets'), `+ ${inside('tree')}\n- /\n`);
      authority = makeAuthority();
      store = await start();
      const { endpoint, region, credentials, addUser } = store;
      s3 = new S3Client({
        ...{ endpoint, region, credentials, forcePathStyle: true },
        requestChecksumCalculation: 'WHEN_REQUIRED',
      });
      await s3.send(new CreateBucketCommand({ Bucket }));
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      if (versions) {
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      }
      const { accessKeyId, secretAccessKey } = credentials;
      keep('root.aws', [accessKeyId, secretAccessKey]);
      hasUsers = addUser !== undefined;
      if (addUser !== undefined) {
        const [host, reader] = [await addUser('web-host'), await addUser('web-reader')];
        keep('host.aws', [host.accessKeyId, host.secretAccessKey]);
        keep('reader.aws', [reader.accessKeyId, reader.secretAccessKey]);
        keep('unknown.aws', ['nobody', host.secretAccessKey]);
        keep('mistyped.aws', [host.accessKeyId, 'n0t:The-S3cret!']);
        const Policy = policyOfDocs(Bucket, host.principal, reader.principal);
        await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      } else {
        for (const one of ['host', 'reader']) keep(`${one}.aws`, [accessKeyId, secretAccessKey]);
      }
      await sh(`${project}/scripts/host/install --cron && \
        ${project}/scripts/keys/rollcall-keygen web --algo cv25519 --out key | sed -n 's/^fingerprint  //p' >fingerprint`);
    }, 5 * MINUTES);
    afterAll(async () => {
      await sh('remove-passphrase web; restore-remove-host web');
      for (const relay of relays) relay.stop();
      s3?.destroy();
      authority?.remove();
      await store?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('refuse a key for everything, with what another store has for a cure', async () => {
      expect(await setUp('--credentials root.aws')).toMatchObject(
        ends(3, /can do more than a host's.*\n.*by the tools of the store, one that may list s3:/),
      );
    });

    it("say what is wrong with a key, a secret, a bucket's name and a region", async () => {
      const wrong: [string, RegExp][] = [
        ['--credentials host.aws --bucket there-is-none', /NoSuchBucket.*\n.*correct BUCKET/],
      ];
      if (hasUsers) {
        wrong.push(
          ['--credentials unknown.aws', /\n.*the store does not know this key: make one with its/],
          ['--credentials mistyped.aws', /SignatureDoesNotMatch.*\n.*is mistyped/],
        );
      }
      for (const [words, told] of wrong) {
        expect(await setUp(words)).toMatchObject(ends(7, told));
        const told2 = await addHost(words);
        expect(told2).toMatchObject(ends(7, /cannot read s3:.*\n.*hint: /));
        await forget();
      }
      expect(await setUp(`--credentials host.aws --region 'no_region'`)).toMatchObject(
        ends(3, /REGION .*as the store calls it/),
      );
    });

    it('check a host, with a key that appends where the store has users', async () => {
      const strong = hasUsers ? '' : '--accept-strong-key';
      expect(await setUp(`--credentials host.aws ${strong}`)).toMatchObject(
        ends(0, /can be listed/),
      );
      await sh(`echo VOLSIZE_MB=1 >>host/etc/rollcall-backup/config`);
      expect(await sh('rollcall-backup check')).toMatchObject(
        ends(0, hasUsers ? /can neither read the bucket's policy/ : /which .* accepts/),
      );
    });

    it('back up, a full each time', async () => {
      for (let i = 0; i < 2; i += 1) {
        expect(await sh('rollcall-backup run')).toMatchObject(ends(0, /OK code=0/));
      }
      expect(await sh('rollcall-backup status')).toMatchObject(ends(0, /last full/));
    });

    it('take a reader, and say in the words of the store what else they refuse', async () => {
      if (hasUsers) {
        // In Ceph who wrote an object may read it, and who owns the bucket may not.
        for (const one of ['host', 'root']) {
          const { status, printed } = await addHost(`--credentials ${one}.aws`);
          expect([status, printed]).toEqual([
            expect.toBeOneOf([1, 7]),
            expect.stringMatching(/(can write to|AccessDenied).*\n.*the store's own tools/),
          ]);
        }
        const taken = await addHost('--credentials reader.aws');
        expect(taken).toMatchObject(ends(0, /read the backups, and cannot write there/));
        expect(taken.printed).not.toContain('older versions');
      } else {
        expect(await addHost('--credentials reader.aws')).toMatchObject(ends(1, /can write/));
        expect(await addHost('--credentials reader.aws --any-credentials')).toMatchObject(ends(0));
      }
      const { printed } = await sh('restore web status');
      [set = ''] = printed.match(/^\d{8}T\d{6}Z/m) ?? [];
      expect(printed.match(/ complete$/gm)).toHaveLength(2);
    });

    it('restore one file, all, and a set', async () => {
      await unlock();
      expect(await sh(`restore web fetch ${file} motd`)).toMatchObject(ends(0));
      expect(readFileSync(inside('motd'), 'utf8')).toBe('hello\n');
      expect(await sh('restore web all all')).toMatchObject(ends(0));
      expect(restored('all').equals(data)).toBe(true);
      expect(await sh(`restore-set web ${set} set`)).toMatchObject(ends(0, /3 of 3 volumes/));
      expect(await sh('restore web --from set all from-set')).toMatchObject(ends(0));
      expect(restored('from-set').equals(data)).toBe(true);
      expect(await sh('restore-drill web')).toMatchObject(ends(0, /was restored and is right/));
    });

    it('say what is left of a set that its host wrote over', async () => {
      const [Key] = await keysOf('vol2');
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: randomBytes(1000) }));
      expect(await sh(`restore web all damaged ${set}`)).toMatchObject(ends(6, /does not match/));
      expect(await sh('restore-set web --list')).toMatchObject(
        ends(0, versions ? /1 OVERWRITTEN/ : /kept no versions.*as it is now/s),
      );
      expect(await sh(`restore-set web ${set} genuine`)).toMatchObject(
        versions ? ends(0, /3 of 3/) : ends(6, /there are no older versions: take an earlier set/),
      );
      expect(await sh(`restore web all rest ${set} --keep-going`)).toMatchObject(
        versions ? ends(0) : ends(9, /are lost/),
      );
      if (versions) expect(restored('rest').equals(data)).toBe(true);
      expect(readFileSync(inside(`rest/${file}`), 'utf8')).toBe('hello\n');
    });

    it('bring back what was removed, where the store keeps versions', async () => {
      for (const Key of await keysOf('')) {
        await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      }
      expect(await sh('restore web status')).toMatchObject(ends(0, /never finished/));
      expect(await sh(`restore-set web ${set} removed`)).toMatchObject(
        versions ? ends(0, /3 of 3/) : ends(6, /has no manifest in any version/),
      );
      writeFileSync(
        inside('hosts.yml'),
        `bucket: ${Bucket}
region: ${store.region}
endpoint: ${store.endpoint}
smtp: { host: 127.0.0.1, port: 25, tls: none }
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {} }
`,
      );
      const undelete = `AWS_SHARED_CREDENTIALS_FILE=root.aws node ${project}/scripts/rollcall.ts undelete web ${set}`;
      expect(await sh(undelete)).toMatchObject(
        ends(0, versions ? /4 files brought back/ : /nothing of the set .* can|is hidden that/),
      );
      const { printed } = await sh('restore web status');
      expect(printed.match(/ complete$/gm)).toHaveLength(versions ? 2 : 1);
    });

    it('come by TLS with an authority of their own, and say what is wrong with a certificate', async () => {
      const port = Number(new URL(store.endpoint).port);
      const relay = async (certificate: { key: string; cert: string }) => {
        const one = await startTls(port, certificate);
        relays.push(one);
        return `https://127.0.0.1:${one.port}`;
      };
      const good = await relay(authority.sign('IP:127.0.0.1'));
      const other = await relay(authority.sign('DNS:other.example.net'));
      const expired = await relay(authority.sign('IP:127.0.0.1', -1));
      const trust = `--ca-bundle ${authority.file}`;
      const wrong: [string, RegExp][] = [
        [`--endpoint-url ${good}`, /hint: give the certificate of the authority that signed it/],
        [`--endpoint-url ${other} ${trust}`, /hint: the certificate is for another name/],
        [`--endpoint-url ${expired} ${trust}`, /hint: the certificate has expired/],
        [`--endpoint-url ${store.endpoint.replace('http', 'https')}`, /hint: .*speaks no TLS/],
      ];
      await forget();
      for (const [words, hint] of wrong) {
        expect(await setUp(words)).toMatchObject(ends(7, hint));
        expect(await addHost(`--credentials reader.aws ${words}`)).toMatchObject(ends(7, hint));
        await forget();
      }
      const any = hasUsers ? '' : '--any-credentials';
      expect(await setUp(`--endpoint-url ${good} ${trust}`)).toMatchObject(ends(0));
      expect(await sh('rollcall-backup run')).toMatchObject(ends(0, /OK code=0/));
      expect(
        await addHost(`--credentials reader.aws --endpoint-url ${good} ${trust} ${any}`),
      ).toMatchObject(ends(0, /complete/));
      await unlock();
      expect(await sh(`restore web fetch ${file} by-tls`)).toMatchObject(ends(0));
    });

    it.runIf(virtual)('address the bucket as a part of the name of the store', async () => {
      // Nothing resolves that name but the proxy.
      const names = `DNS:${STORE_DOMAIN},DNS:${Bucket}.${STORE_DOMAIN}`;
      const tls = await startTls(Number(new URL(store.endpoint).port), authority.sign(names));
      const proxy = await startProxy();
      relays.push(tls, proxy);
      const HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`;
      const words = `--endpoint-url https://${STORE_DOMAIN}:${tls.port} --endpoint-style virtual --ca-bundle ${authority.file}`;
      await sh(`echo HTTPS_PROXY=${HTTPS_PROXY} >>host/etc/rollcall-backup/config`);
      expect(await setUp(words)).toMatchObject(ends(0));
      expect(await sh('rollcall-backup run')).toMatchObject(ends(0, /OK code=0/));
      await forget();
      const any = hasUsers ? '' : '--any-credentials';
      expect(
        await addHost(`--credentials reader.aws ${any} ${words}`, { HTTPS_PROXY }),
      ).toMatchObject(ends(0, /complete/));
      await unlock();
      expect(await sh(`restore web fetch ${file} by-name`, { HTTPS_PROXY })).toMatchObject(ends(0));
      expect(new Set(proxy.asked)).toEqual(new Set([`${Bucket}.${STORE_DOMAIN}:${tls.port}`]));
    });
  });
}

/** The policy in docs/setup-anywhere.md, for this bucket and these two users. */
function policyOfDocs(bucket: string, host: string, reader: string): string {
  const page = readFileSync(join(project, 'docs/setup-anywhere.md'), 'utf8');
  const [, policy] = /```json\n(.*?)```/s.exec(page) ?? [];
  if (policy === undefined) throw new Error('docs/setup-anywhere.md has no policy any more');
  // Versity's gateway takes no blank before it.
  return policy
    .trim()
    .replaceAll('acme-backups', bucket)
    .replaceAll('HOST-USER', host)
    .replaceAll('READER-USER', reader);
}
