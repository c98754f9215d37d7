// What docs/architecture-recipes.md says must be done for an addition, asked for here where the compiler does not ask.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ListObjectsV2Command, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { COMMANDS } from '../scripts/rollcall/command-line.ts';
import { sourceOf } from '../scripts/rollcall/listing-source.ts';
import { parseListing } from '../scripts/rollcall/parse-listing.ts';
import { openListings } from '../scripts/rollcall/saved-listing.ts';
import { clientConfig } from '../shared/aws/client.ts';
import { connectBuckets } from '../shared/aws/s3-objects.ts';
import { readValue } from '../shared/config/json.ts';
import { CHANNEL_KEYS, type ChannelKey, recipientsOf } from '../shared/config/recipients.ts';
import { connectAll } from '../shared/lambda/connect.ts';
import { type Env, readEnv } from '../shared/lambda/env.ts';
import { composeMessage } from '../shared/messages/compose-message.ts';
import { describeFinding, nextStep } from '../shared/messages/finding-text.ts';
import { hostReport, reportHost } from '../shared/messages/host-report.ts';
import { runbookOf } from '../shared/messages/problem-text.ts';
import { checkHosts } from '../shared/monitor/judge-hosts.ts';
import { sendTo } from '../shared/monitor/notify.ts';
import type { ObjectStore } from '../shared/monitor/object-store.ts';
import { addNews, formatRecords, parseRecords } from '../shared/monitor/record-page.ts';
import { FINDING_KINDS, type Finding } from '../shared/rules/finding.ts';
import { placeOf } from '../shared/rules/fingerprints.ts';
import type { Judgement } from '../shared/rules/judge.ts';
import { cases } from './fuzz/a-bucket.ts';
import { judgeByTheBook, NOT_IN_THE_BOOK, WORST_FIRST } from './fuzz/reference-judge.ts';
import { type LocalAws, startLocalAws } from './local-aws/local-aws.ts';
import type { Outbox } from './local-aws/outbox.ts';
import { aConfig, aHost, at } from './support/builders.ts';
import { deploy } from './support/deployed.ts';
import { ONE_OF_EACH, type World } from './support/one-of-each.ts';
import { putLifecycle } from './support/put-lifecycle.ts';

const root = new URL('..', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const worlds = Object.entries(ONE_OF_EACH).map(([kind, world]) => ({ kind, world }));

let aws: LocalAws;
let s3: S3Client;
let online: ObjectStore;

beforeAll(async () => {
  aws = await startLocalAws();
  const { endpoint, region } = aws;
  const connection = { endpoint, region, credentials: async () => aws.credentials };
  s3 = new S3Client(clientConfig(connection));
  online = connectBuckets(connection);
  for (const { kind, world } of worlds) {
    if (world.hasBucket === false) continue;
    aws.createBucket(kind, { versioning: true });
    await putLifecycle(s3, aConfig([]), kind);
    for (const { name, bytes, modifiedAt, storageClass = 'STANDARD' } of world.objects) {
      const etag = `${name} ${bytes} ${storageClass}`;
      aws.put(kind, `web/${name}`, { bytes }, { modified: modifiedAt, etag, storageClass });
    }
  }
});
afterAll(async () => {
  s3.destroy();
  await aws.close();
});

async function judged(store: ObjectStore, kind: string, world: World): Promise<Judgement> {
  const host = aHost({ ...world.host, target: { bucket: kind, prefix: 'web/' } });
  const now = at(world.at ?? '2026-11-23T12:30:00Z');
  const { changes } = world;
  const [judgement] = await checkHosts(store, [host], { now, depth: 'all', changes });
  if (judgement === undefined) throw new Error('one host, one judgement');
  return judgement;
}

/** As `aws s3api` saves it: the answer in JSON. */
async function save(kind: string, call: 'objects' | 'versions'): Promise<string> {
  const query = { Bucket: kind };
  const answer =
    call === 'objects'
      ? await s3.send(new ListObjectsV2Command(query))
      : await s3.send(new ListObjectVersionsCommand(query));
  return JSON.stringify({ ...answer, $metadata: undefined });
}

const inShort = ({ findings }: Judgement) =>
  findings.map(({ severity, kind }) => `${severity} ${kind}`);
const ofKind = ({ findings }: Judgement, kind: string) =>
  findings.filter((finding) => finding.kind === kind);

describe('every kind of finding', () => {
  it.each(worlds)('is found where it is: $kind', async ({ kind, world }) => {
    expect(inShort(await judged(online, kind, world))).toContain(world.found);
  });

  it.each(worlds)(
    'is found offline too, or the docs say that it is not: $kind',
    async ({ kind, world: { offline, ...world } }) => {
      const there = await judged(online, kind, { offline, ...world });
      for (const call of ['objects', 'versions'] as const) {
        const text =
          world.hasBucket === false ? '{"Name":"another","Contents":[]}' : await save(kind, call);
        const saved = openListings([parseListing(sourceOf(text), 'saved.json')]);
        const again = await judged(saved, kind, { offline, ...world });
        const expected = offline === 'same' ? 'same' : offline[call];
        if (expected === 'same') expect(ofKind(again, kind)).toEqual(ofKind(there, kind));
        else expect(inShort(again).filter((one) => one.endsWith(` ${kind}`))).toEqual(expected);
        if (expected.length === 0)
          expect(read('docs/how-it-judges.md').replace(/\s+/g, ' ')).toContain(
            (offline as { limit?: string }).limit ?? 'a sentence that says so',
          );
      }
    },
  );

  it.each(worlds)('comes back from a worker as it was found: $kind', async ({ kind, world }) => {
    const judgement = await judged(online, kind, world);
    const place = placeOf(judgement.host);
    const report = reportHost(judgement, 'UTC');
    const record = addNews(place, {}, { judgedAt: judgement.at, report });
    const page = parseRecords(formatRecords({ hosts: new Map([[place, record]]) }));
    const again = readValue(hostReport, page?.hosts.get(place)?.report);
    expect(again?.findings.map((finding) => finding.kind)).toContain(kind);
    expect(again).toEqual(JSON.parse(JSON.stringify(report)));
  });

  it.each(worlds)(
    'has words, and a step unless nobody has to act: $kind',
    async ({ kind, world }) => {
      const judgement = await judged(online, kind, world);
      for (const finding of ofKind(judgement, kind) as readonly Finding[]) {
        expect(describeFinding(finding, judgement, 'UTC')).toMatch(/^[\x20-\x7e]{10,}$/);
        const step = nextStep(finding, judgement);
        if (finding.severity === 'critical') expect(step).toMatch(/^[\x20-\x7e]{10,}$/);
        else if (step !== undefined) expect(step).toMatch(/^[\x20-\x7e]{10,}$/);
      }
    },
  );
});

describe('the pages', () => {
  const headings = [...read('docs/runbook.md').matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  const rows = [
    ...read('docs/how-it-judges.md').matchAll(/^\| ([a-z, -]+) \| .* \| (.*) \|$/gm),
  ].flatMap(([, kinds = '', severity]) => kinds.split(', ').map((kind) => ({ kind, severity })));

  it.each(FINDING_KINDS)('name %s where an operator looks it up', (kind) => {
    const isNamed = new RegExp(`(?<![\\w-])${kind}(?![\\w-])`);
    expect(rows.map((row) => row.kind)).toContain(kind);
    expect(headings).toContain(runbookOf(kind).split('#')[1]);
    expect(isNamed.test(read('CHANGELOG.md')), 'the changelog names it').toBe(true);
  });

  it.each(worlds)('give $kind the severity with which it is found', ({ kind, world }) => {
    const [severity = ''] = world.found.split(' ');
    expect(rows.find((row) => row.kind === kind)?.severity).toContain(severity);
  });
});

describe('the second judge', () => {
  it('judges every kind, or says why it cannot', () => {
    expect([...WORST_FIRST, ...Object.keys(NOT_IN_THE_BOOK)].sort()).toEqual(
      [...FINDING_KINDS].sort(),
    );
  });

  it('finds each of its kinds in some bucket of the short run', () => {
    const buckets = fc.sample(cases, { seed: 20261123, numRuns: 600 });
    const found = new Set(
      buckets.flatMap(({ host, facts, now }) =>
        judgeByTheBook(host, facts, now).findings.map((finding) => finding.split(' ')[1]),
      ),
    );
    expect([...found].sort()).toEqual([...WORST_FIRST].sort());
  });
});

/** The texts of the files of a folder whose names end so. */
const textsIn = (folder: string, end: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(end))
    .map((name) => ({ name, text: read(`${folder}/${name}`) }));

describe('every command', () => {
  const names = Object.keys(COMMANDS);
  const commandLine = read('scripts/rollcall/command-line.ts');
  const tests = textsIn('test/rollcall', '.test.ts');

  it.each(textsIn('scripts/rollcall', '-command.ts'))('can be called: $name', ({ name }) => {
    expect(commandLine).toContain(`'./${name}'`);
  });

  it.each(names)('has an example in the README, and stands in the changelog: %s', (name) => {
    const block = /^## The command line\n\n```sh\n([\s\S]*?)^```$/m.exec(read('README.md'))?.[1];
    expect(block).toMatch(new RegExp(`^npx rollcall ${name}(?: |$)`, 'm'));
    expect(read('CHANGELOG.md')).toMatch(new RegExp(`\`(?:rollcall )?${name}(?![\\w-])`));
  });

  it.each(names)('is run by a test: %s', (name) => {
    const call = new RegExp(`\\[\\s*'${name}'`);
    expect(tests.filter(({ text }) => call.test(text)).length).toBeGreaterThan(0);
  });
});

describe('every key of hosts.yml at which somebody hears of a bad host', () => {
  type Arrived = (outbox: Outbox, posted: readonly string[]) => readonly unknown[];
  /** An address at each, with SECRET for what no error may hold; and what arrived there. */
  const samples: Readonly<Record<ChannelKey, readonly [value: string, Arrived]>> = {
    mail: ['"a@example.net"', ({ mails }) => mails],
    sms: ['"+31600000000"', ({ sms }) => sms],
    webhooks: ['{ url: https://chat.example.net/SECRET, format: slack }', (_, posted) => posted],
  };
  const message = composeMessage({
    ...{ subject: 'web MISSING', smsLine: 'web: no full AMBER-7' },
    blocks: [{ kind: 'note', text: 'web: no full AMBER-7' }],
    ...{ urgency: 'alert', severity: 'critical' },
  });

  it.each(CHANNEL_KEYS)(
    'is enough alone, carries a message, and tells when it cannot: %s',
    async (key) => {
      const [value, arrived] = samples[key];
      const deployed = await deploy(`bucket: backups
alerts: { from: backups@example.net, ${key}: [${value}] }
hosts: { web: {} }
`);
      onTestFinished(async () => {
        vi.unstubAllGlobals();
        await deployed.close();
      });
      const posted: string[] = [];
      vi.stubGlobal('fetch', async (_: string, { body }: { readonly body: string }) => {
        posted.push(body);
        return new Response('ok');
      });
      const env = readEnv();
      expect(recipientsOf(env.config.alerts)).toBe('some');
      const send = (to: Env) =>
        Promise.all(connectAll(to).channels.map((channel) => sendTo(channel, message)));
      expect((await send(env)).filter((error) => error !== undefined)).toEqual([]);
      expect(arrived(deployed.aws.outbox, posted)).toHaveLength(1);
      expect(JSON.stringify(arrived(deployed.aws.outbox, posted))).toContain('AMBER-7');

      vi.stubGlobal('fetch', () => Promise.reject(new TypeError(`fetch failed: ${value}`)));
      const errors = await send({ ...env, endpoint: 'http://127.0.0.1:9' });
      expect(errors).not.toContain(undefined);
      expect(inspect(errors, { depth: 9 })).not.toContain('SECRET');
    },
  );

  it.each(CHANNEL_KEYS)('is in the runbook of dead channels and the glossary: %s', (key) => {
    const runbook = read('docs/runbook.md').split(/^## /m);
    const section = runbook.find((text) => text.startsWith('alarm-path'));
    const glossary = read('docs/glossary.md');
    const word = new RegExp(`\\b${key}\\b`, 'i');
    expect(section).toMatch(word);
    expect(glossary.split('\n').find((line) => line.startsWith('- **channel**'))).toMatch(word);
  });

  it.each(CHANNEL_KEYS)('stands in the changelog: %s', (key) => {
    expect(read('CHANGELOG.md')).toMatch(new RegExp(`\`(?:alerts\\.)?${key}\``));
  });
});

describe('every check of the doctor', () => {
  const doctor = textsIn('shared/doctor', '.ts');
  const callers = [
    ...doctor,
    ...textsIn('scripts/rollcall', 'examine.ts'),
    ...textsIn('scripts/stack', '-hook.ts'),
  ];
  const tests = textsIn('test/doctor', '.test.ts');
  // audit.ts holds what the checks are made with.
  const areas = doctor.filter(({ name }) => name !== 'audit.ts');
  const judges = areas.flatMap(({ text }) =>
    [...text.matchAll(/^export function (judge\w+)/gm)].map(([, name = '']) => name),
  );

  it.each(judges)('is asked for: %s', (name) => {
    const calls = callers.flatMap(({ text }) => [
      ...text.matchAll(new RegExp(`\\b${name}\\b`, 'g')),
    ]);
    const imports = callers.filter(({ text }) =>
      [...text.matchAll(/^import [^;]*;/gm)].some(([words]) => words.includes(name)),
    );
    // One place is where it is made.
    expect(calls.length - imports.length).toBeGreaterThan(1);
  });

  it.each(judges)('is tested: %s', (name) => {
    expect(tests.filter(({ text }) => text.includes(name)).length).toBeGreaterThan(0);
  });
});
