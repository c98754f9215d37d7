import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigError, type Host, ownersIn, ownKeys } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { casesOf } from '../support/cases.ts';

type Written = { readonly target: string; readonly filePrefix?: string | readonly string[] };

function configOf(hosts: Readonly<Record<string, Written>>, more = ''): string {
  const lines = Object.entries(hosts).map(([name, { target, filePrefix }]) => {
    const [archive, manifest, signature] = Array.isArray(filePrefix) ? filePrefix : [];
    const prefix = Array.isArray(filePrefix)
      ? JSON.stringify({ archive, manifest, signature })
      : JSON.stringify(filePrefix ?? '');
    return `  ${name}: { target: "s3://${target}", filePrefix: ${prefix} }`;
  });
  return `bucket: backups\n${more}hosts:\n${lines.join('\n')}\n`;
}

function hostsOf(hosts: Readonly<Record<string, Written>>): readonly Host[] {
  return parseConfig(configOf(hosts), 'hosts.yml').hosts;
}

/** `undefined` where two of them cannot be told apart. */
function hostsIfRight(hosts: Readonly<Record<string, Written>>): readonly Host[] | undefined {
  try {
    return hostsOf(hosts);
  } catch {
    return undefined;
  }
}

describe('the owner of a key', () => {
  const hosts = hostsOf({
    root: { target: 'backups/' },
    web: { target: 'backups/web/' },
    mysql: { target: 'backups/web/mysql/' },
    home: { target: 'backups/two/', filePrefix: 'home-' },
    etc: { target: 'backups/two/', filePrefix: 'home-etc-' },
    slash: { target: 'backups/cut/', filePrefix: ['archive/', 'manifest/', 'signature/'] },
    inner: { target: 'backups/cut/archive/deep/' },
    nas: { target: 'other/web/' },
  });

  it.each([
    ['backups', 'web/duplicity-full.20261123T031502Z.manifest.gpg', 'web'],
    ['backups', 'web/mysql/duplicity-full.20261123T031502Z.manifest.gpg', 'mysql'],
    ['backups', 'web/mysq', 'web'],
    ['backups', 'webs/x', 'root'],
    ['backups', 'web', 'root'],
    ['backups', 'two/home-duplicity-full.20261123T031502Z.manifest.gpg', 'home'],
    ['backups', 'two/home-etc-duplicity-full.20261123T031502Z.manifest.gpg', 'etc'],
    ['backups', 'two/notes.txt', 'home'],
    ['backups', 'cut/manifest/duplicity-full.20261123T031502Z.manifest', 'slash'],
    ['backups', 'cut/archive/duplicity-full.20261123T031502Z.vol1.difftar', 'slash'],
    ['backups', 'cut/archive/deep/x', 'inner'],
    ['other', 'web/x', 'nas'],
    ['other', 'x', undefined],
    ['third', 'web/x', undefined],
  ])('of s3://%s/%s is %s', (bucket, key, name) => {
    expect(ownersIn(hosts)(bucket, key)?.name).toBe(name);
  });

  const path = fc
    .array(fc.constantFrom('a/', 'b/', 'a-', 'ab', 'duplicity-full.', 'd'), { maxLength: 4 })
    .map((parts) => parts.join(''));
  const folder = path.map((one) => (one === '' || one.endsWith('/') ? one : `${one}/`));
  const filePrefix = fc.oneof(path, fc.tuple(path, path, path));
  const written = fc.record({ target: folder.map((one) => `backups/${one}`), filePrefix });
  const fleet = fc
    .array(written, { minLength: 1, maxLength: 6 })
    .map((all) => Object.fromEntries(all.map((one, index) => [`h${index}`, one])));
  const key = fc.tuple(path, fc.constantFrom('x', '', 'duplicity-full.20261123T031502Z.manifest'));

  it('is at most one host, in whatever order they stand, and each host knows its own keys alone', () => {
    let seen = 0;
    fc.assert(
      fc.property(fleet, fc.array(key, { minLength: 1 }), (written, keys) => {
        const parsed = hostsIfRight(written);
        fc.pre(parsed !== undefined);
        const turned = hostsOf(Object.fromEntries(Object.entries(written).reverse()));
        for (const one of keys.map((parts) => parts.join(''))) {
          const owner = ownersIn(parsed)('backups', one);
          expect(ownersIn(turned)('backups', one)?.name).toBe(owner?.name);
          const owning = parsed.filter((host) => ownKeys(host)(one));
          expect(owning).toEqual(owner === undefined ? [] : [owner]);
          const around = parsed.filter(({ target }) => one.startsWith(target.prefix));
          expect(owner === undefined).toBe(around.length === 0);
          if (owner !== undefined && around.length > 1) seen += 1;
        }
      }),
      // Fewer would show too few of them each time.
      { numRuns: 400 },
    );
    expect(seen).toBeGreaterThan(100);
  });

  it('is the host whose duplicity wrote it, though others have targets around it', () => {
    fc.assert(
      fc.property(fleet, (written) => {
        const parsed = hostsIfRight(written);
        fc.pre(parsed !== undefined);
        for (const { name, target, filePrefix } of parsed) {
          const at = 'duplicity-full.20261123T031502Z';
          for (const file of [
            `${filePrefix.archive}${at}.vol1.difftar.gpg`,
            `${filePrefix.manifest}${at}.manifest.gpg`,
            `${filePrefix.signature}duplicity-full-signatures.20261123T031502Z.sigtar.gpg`,
          ]) {
            const owner = ownersIn(parsed)('backups', `${target.prefix}${file}`);
            expect(owner?.name).toBe(name);
          }
        }
      }),
      { numRuns: casesOf(400) },
    );
  });

  it('does not take longer for a fleet in one target than for one in targets of its own', () => {
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, n) => [
        `h${n}`,
        { target: 'backups/all/', filePrefix: `${n}-` },
      ]),
    );
    const parsed = hostsOf(many);
    const kept = parsed.reduce((sum, { others = [] }) => sum + others.length, 0);
    expect(kept).toBeLessThan(3 * parsed.length);
  });
});

describe('hosts that cannot be told apart', () => {
  it.each<[string, Record<string, Written>]>([
    ['the same target', { a: { target: 'backups/x/' }, b: { target: 'backups/x' } }],
    [
      'the same file prefix',
      {
        a: { target: 'backups/x/', filePrefix: 'p-' },
        b: { target: 'backups/x/', filePrefix: 'p-' },
      },
    ],
    [
      'one file prefix of three',
      {
        a: { target: 'backups/x/', filePrefix: ['a-', 'm-', 's-'] },
        b: { target: 'backups/x/', filePrefix: ['b-', 'm-', 't-'] },
      },
    ],
    [
      'a file prefix that is another target',
      { a: { target: 'backups/', filePrefix: 'x/' }, b: { target: 'backups/x/' } },
    ],
    [
      "a file prefix that begins as duplicity's names do",
      { a: { target: 'backups/x/' }, b: { target: 'backups/x/', filePrefix: 'duplicity-' } },
    ],
    [
      'the beginning of a name behind a file prefix',
      {
        a: { target: 'backups/x/', filePrefix: 'p-' },
        b: { target: 'backups/x/', filePrefix: 'p-dup' },
      },
    ],
    [
      'a target that is free only under another name',
      {
        a: { target: 'backups/x/' },
        b: { target: 'backups/x/' },
        c: { target: 'backups/x/b/' },
      },
    ],
  ])('are an error with a line that is right: %s', (_, hosts) => {
    const issues = issuesOf(configOf(hosts));
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(/^hosts\.yml:4: b and a cannot be told apart/);
    const [, line = '', target = ''] = /: (b: \{ target: (\S+) \})$/.exec(issues[0] ?? '') ?? [];
    expect(line).not.toBe('');
    const cured = { ...hosts, b: { target: target.replace('s3://', '') } };
    expect(hostsOf(cured).map(({ name }) => name)).toContain('b');
  });
});

function issuesOf(text: string): readonly string[] {
  try {
    parseConfig(text, 'hosts.yml');
  } catch (error) {
    return (error as ConfigError).issues;
  }
  return [];
}
