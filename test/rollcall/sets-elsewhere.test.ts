// Backups that lie in a target and are not read: each hint is followed, and then they are.
import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../scripts/rollcall/listing-source.ts';
import { parseListing } from '../../scripts/rollcall/parse-listing.ts';
import { openListings } from '../../scripts/rollcall/saved-listing.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { describeFinding } from '../../shared/messages/finding-text.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import type { Judgement } from '../../shared/rules/judge.ts';
import { at } from '../support/builders.ts';

const NOW = at('2026-11-23T09:00:00Z');
type Hosts = Readonly<Record<string, string>>;

/** The files of the nights up to one, behind what stands before each kind of name. */
function nights(last: number, archive: string, manifest = archive, signature = archive): string[] {
  return [20, 21, 22, 23]
    .filter((day) => day <= last)
    .flatMap((day) => {
      const full = `duplicity-full.202611${day}T021400Z`;
      return [
        ...[1, 2, 3].map((volume) => `${archive}${full}.vol${volume}.difftar.gpg`),
        `${signature}duplicity-full-signatures.202611${day}T021400Z.sigtar.gpg`,
        `${manifest}${full}.manifest.gpg`,
      ];
    });
}

async function check(hosts: Hosts, keys: readonly string[]): Promise<Map<string, Judgement>> {
  const lines = Object.entries(hosts).map(([name, fields]) => `  ${name}: { ${fields} }\n`);
  const config = parseConfig(`bucket: acme-backups\nhosts:\n${lines.join('')}`, 'hosts.yml');
  const rows = keys.map((Key) => {
    const day = /202611\d\d/.exec(Key)?.[0].slice(-2) ?? '20';
    return { Key, Size: 1_000_000, LastModified: `2026-11-${day}T02:20:00.000Z` };
  });
  const listing = parseListing(sourceOf(JSON.stringify({ Contents: rows })), 'all.json');
  const reach = { now: NOW, depth: 'all' } as const;
  const judgements = await checkHosts(openListings([listing]), config.hosts, reach);
  return new Map(judgements.map((judgement) => [judgement.host.name, judgement]));
}

function saidOf(judgement: Judgement | undefined): string {
  const say = (judgement: Judgement) =>
    judgement.findings.map((finding) => describeFinding(finding, judgement, 'UTC')).join('\n');
  return judgement === undefined ? '' : say(judgement);
}

/** The hosts as the first hint asks for them, and whom it is about. */
function follow(hosts: Hosts, said: string): { hosts: Hosts; name: string } {
  const own = /write at (\S+): ((?:target|filePrefix): .+?)(?:$|; )/m.exec(said);
  const other = /add the host (\S+): \{ (.+?) \}(?:$|; )/m.exec(said);
  const [, name = '', fields = ''] = own ?? other ?? [];
  return { hosts: { ...hosts, [name]: fields }, name };
}

const HOME = 'backups/web/home/';
const cases: [string, Hosts, string[], { readonly reads: string }][] = [
  [
    'one level deeper',
    { web: 'target: s3://acme-backups/backups/web/' },
    nights(23, HOME),
    { reads: 'web' },
  ],
  [
    'two levels deeper',
    { web: 'target: s3://acme-backups/backups/' },
    nights(23, HOME),
    { reads: 'web' },
  ],
  ['below the root', { web: 'target: s3://acme-backups/' }, nights(23, HOME), { reads: 'web' }],
  [
    'in a target inside that no host has',
    { web: '' },
    [...nights(23, 'web/'), ...nights(23, 'web/mysql/')],
    { reads: 'web-mysql' },
  ],
  ['behind a file prefix', { web: '' }, nights(23, 'web/home-'), { reads: 'web' }],
  [
    'behind another file prefix than the one of the config',
    { web: 'filePrefix: home-' },
    nights(23, 'web/etc-'),
    { reads: 'web' },
  ],
  [
    'without the file prefix of the config',
    { web: 'filePrefix: home-' },
    nights(23, 'web/'),
    { reads: 'web' },
  ],
  [
    'next to another archive in one target',
    { web: 'filePrefix: home-' },
    [...nights(23, 'web/home-'), ...nights(23, 'web/etc-')],
    { reads: 'web-etc' },
  ],
  [
    'behind three file prefixes',
    { web: '' },
    nights(23, 'web/archive/', 'web/manifest/', 'web/signature/'),
    { reads: 'web' },
  ],
  [
    'behind three file prefixes without slashes',
    { web: '' },
    nights(23, 'web/a-', 'web/m-', 'web/s-'),
    { reads: 'web' },
  ],
  [
    'behind three file prefixes in a folder',
    { web: '' },
    nights(23, 'web/deep/a-', 'web/deep/m-', 'web/deep/s-'),
    { reads: 'web' },
  ],
  [
    'with manifests that alone have a prefix',
    { web: '' },
    nights(23, 'web/', 'web/man-', 'web/'),
    { reads: 'web' },
  ],
  [
    'with signatures that alone have a prefix',
    { web: '' },
    nights(23, 'web/', 'web/', 'web/sig-'),
    { reads: 'web' },
  ],
  [
    'behind a prefix that was added last night',
    { web: '' },
    [...nights(22, 'web/'), ...nights(23, 'web/new-').filter((key) => key.includes('1123T'))],
    { reads: 'web-new' },
  ],
  [
    'behind a prefix that YAML would misread',
    { web: '' },
    nights(23, 'web/x: #{y}  é,-'),
    { reads: 'web' },
  ],
];

describe('backups that are not read', () => {
  it.each(cases)(
    'are named with the line that has them read: %s',
    async (_, hosts, keys, { reads }) => {
      const before = await check(hosts, keys);
      expect(saidOf(before.get('web'))).toMatch(/(?:is|are) not read; to change that, /);
      const cured = follow(hosts, saidOf(before.get('web')));
      expect(cured.name).toBe(reads);
      const after = (await check(cured.hosts, keys)).get(reads);
      expect(after?.verdict).toBe('ok');
      expect(after?.answer?.startedAt).toBe(at('2026-11-23T02:14:00Z'));
      expect(saidOf(after)).not.toContain('not read');
    },
  );

  it.each([
    [
      'statistics',
      [
        'web/stats-duplicity-full.20261123T021400Z.jsonstat.gpg',
        'web/a/duplicity-full.20261123T021400Z.jsonstat',
      ],
    ],
    ['manifests alone', ['web/old/duplicity-full.20261123T021400Z.manifest.gpg']],
    ['signatures alone', ['web/old/duplicity-full-signatures.20261123T021400Z.sigtar.gpg']],
    [
      'what no config can name',
      [
        'web/a//b/duplicity-full.20261123T021400Z.vol1.difftar.gpg',
        'web/%41/duplicity-full.20261123T021400Z.vol1.difftar.gpg',
      ],
    ],
  ])('are none where there are %s', async (_, more) => {
    const web = (await check({ web: '' }, [...nights(23, 'web/'), ...more])).get('web');
    expect(web?.verdict).toBe('ok');
    expect(saidOf(web)).not.toMatch(/not read|filePrefix|target:/);
  });

  it.each([
    ['_', '--time-separator "_"'],
    ['-', '--time-separator "-"'],
  ])('are those of --time-separator %s, which no config cures', async (separator, option) => {
    const keys = nights(23, 'web/').map((key) =>
      key.replace(/2026(11)(\d\d)T021400Z/, `2026-11-$2T02${separator}14${separator}00Z`),
    );
    const web = (await check({ web: '' }, keys)).get('web');
    expect(web?.verdict).toBe('never');
    expect(saidOf(web)).toContain(`some names have times as ${option} writes them: take that out`);
    expect(saidOf(web)).not.toMatch(/filePrefix|target:/);
  });

  it('are counted where they are too many to be named', async () => {
    const keys = Array.from({ length: 9 }, (_, n) => nights(23, `x${n}/`)).flat();
    const web = (await check({ web: 'target: s3://acme-backups/' }, keys)).get('web');
    expect(saidOf(web)).toContain('backup sets in 6 more places are not read');
  });
});
