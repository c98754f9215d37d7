import { readFileSync } from 'node:fs';
import { createMessage, encrypt, generateKey } from 'openpgp';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/config/config.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import { TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import { readMessageHead } from '../../shared/openpgp/message.ts';
import { type HostEvidence, judge } from '../../shared/rules/judge.ts';
import { judgeRecipients } from '../../shared/rules/opened.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';
import { inMemoryStore } from '../support/in-memory.ts';
import { fixturePath, readFixture, recordedObjects } from '../support/recorded.ts';

const BACKUP = '3C3227771D10B285';
const ESCROW = 'C324971C893107E4';
const now = Date.parse('2026-11-23T12:00:00Z');

const heads = Object.fromEntries(
  (JSON.parse(readFixture('heads/index.json')) as { file: string; key: string }[]).map(
    ({ file, key }) => [key, new Uint8Array(readFileSync(fixturePath(`heads/${file}`)))],
  ),
);

async function judged(listing: string, name: string, recipients: readonly string[]) {
  const objects = recordedObjects(`${listing}.json`);
  const host: Host = aHost({ name, recipients });
  const [judgement] = await checkHosts(inMemoryStore(objects, heads), [host], {
    now,
    depth: 'recent',
  });
  if (judgement === undefined) throw new Error('no verdict');
  // No recording holds a last volume; test/rules/framing.test.ts has them.
  const findings = judgement.findings.filter(({ kind }) => kind !== 'maybe-truncated');
  return { ...judgement, findings };
}

describe('recipients', () => {
  it.each([
    ['full-rsa3072', 'web-01', [BACKUP]],
    ['full-rsa3072', 'web-01', ['6B3EB8AF9531FC860524AF943C3227771D10B285']],
    ['full-rsa3072', 'web-01', [BACKUP, ESCROW]],
    ['full-two-recipients', 'web-03', [ESCROW, BACKUP]],
    ['full-signed', 'web-05', [BACKUP]],
    ['full-short-filenames', 'web-11', [BACKUP]],
    ['full-curve25519', 'web-04', ['B95D68253E90E86D']],
  ])('are right in %s', async (listing, name, recipients) => {
    const judgement = await judged(listing, name, recipients);
    expect([judgement.verdict, judgement.findings]).toEqual(['ok', []]);
  });

  it.each([
    ['unexpected-recipient', 'web-32', [BACKUP], { recipients: ['48511A717A17C138'] }],
    ['full-two-recipients', 'web-03', [BACKUP], { recipients: [BACKUP, ESCROW] }],
    ['full-symmetric', 'web-06', [BACKUP], { symmetric: 1, recipients: [] }],
    ['full-rsa3072', 'web-01', ['1A167F94A9502CDA'], { recipients: [BACKUP] }],
  ])('are wrong in %s', async (listing, name, recipients, evidence) => {
    const judgement = await judged(listing, name, recipients);
    expect(judgement.verdict).toBe('wrong-recipient');
    expect(judgement.findings[0]).toMatchObject({
      severity: 'critical',
      files: [evidence, evidence],
    });
  });

  it('are right for a key of version 6, by its full fingerprint or its id', async () => {
    const config = { v6Keys: true, aeadProtect: true };
    const userIDs = [{ name: 'Web' }];
    const { publicKey } = await generateKey({ userIDs, config, format: 'object' });
    const message = await createMessage({ text: 'a backup' });
    const bytes = await encrypt({ message, encryptionKeys: publicKey, format: 'binary', config });
    const { kind: reads, ...openers } = readMessageHead(bytes);
    const opened = [{ name: 'volume', reads, ...openers }];
    const fingerprint = publicKey.subkeys[0]?.getFingerprint().toUpperCase() ?? '';
    expect([reads, fingerprint.length]).toEqual(['openpgp', 64]);
    expect(judgeRecipients({ startedAt: now }, opened, [fingerprint])).toEqual([]);
    expect(judgeRecipients({ startedAt: now }, opened, [fingerprint.slice(0, 16)])).toEqual([]);
    expect(judgeRecipients({ startedAt: now }, opened, [fingerprint.slice(-16)])).toMatchObject([
      { severity: 'critical' },
    ]);
  });

  it('that are wrong leave the earlier full as the last good copy', () => {
    const fulls = ['21', '22', '23'].flatMap((day) => aFull({ begun: `2026-11-${day}T03:00:00Z` }));
    const opened = [{ name: 'x', reads: 'text' as const, recipients: [], symmetric: 0 }];
    const lastGood = (evidence: HostEvidence) =>
      judge(aHost({ recipients: [BACKUP] }), collected(...fulls), now, evidence).lastGood
        ?.startedAt;
    expect(lastGood({ opened: new Map([[at('2026-11-23T03:00:00Z'), opened]]) })).toBe(
      at('2026-11-22T03:00:00Z'),
    );
    expect(lastGood({})).toBe(at('2026-11-23T03:00:00Z'));
  });

  it('are wrong when a file that is called encrypted is not', async () => {
    const objects = recordedObjects('full-rsa3072.json');
    const key = objects.find((object) => object.key.includes('manifest'))?.key ?? '';
    const forged = { ...heads, [key]: new TextEncoder().encode('Hostname web-01') };
    const host = aHost({ name: 'web-01', recipients: [BACKUP] });
    const [judgement] = await checkHosts(inMemoryStore(objects, forged), [host], {
      now,
      depth: 'recent',
    });
    expect(judgement?.findings[0]).toMatchObject({
      kind: 'wrong-recipient',
      files: [{ reads: 'text' }],
    });
  });

  it('cannot be checked when they are hidden, or nothing was read', async () => {
    const hidden = await judged('full-hidden-recipient', 'web-02', [BACKUP]);
    expect(hidden.findings).toMatchObject([{ severity: 'info', untold: 'hidden' }]);
    expect(hidden.verdict).toBe('ok');
    const cold = await judged('full-many-volumes', 'web-16', [BACKUP]);
    expect(cold.findings).toMatchObject([{ severity: 'info', untold: 'not read' }]);
  });

  it('are not checked where the config names none', async () => {
    expect((await judged('unexpected-recipient', 'web-32', [])).findings).toEqual([]);
  });

  it('that may not be read make the host unreadable, never ok', async () => {
    const store = inMemoryStore(recordedObjects('full-rsa3072.json'));
    const readPart = async () => {
      throw new TargetUnreadableError('AccessDenied (403)', 'allow s3:GetObject');
    };
    const host = aHost({ name: 'web-01', recipients: [BACKUP] });
    const [judgement] = await checkHosts({ ...store, readPart }, [host], { now, depth: 'recent' });
    expect(judgement?.verdict).toBe('unreadable');
  });
});
