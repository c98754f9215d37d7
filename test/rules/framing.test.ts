import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/config/config.ts';
import { describeFinding, nextStep } from '../../shared/messages/finding-text.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import { aFull, aHost, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { buildMessage, noise, recordedMessages } from '../support/recorded-message.ts';

const now = at('2026-11-23T12:00:00Z');
const name = (file: string) => `duplicity-full.20261123T031502Z.${file}.gpg`;
const [VOL1, VOL2, VOL3, MANIFEST] = [
  name('vol1.difftar'),
  name('vol2.difftar'),
  name('vol3.difftar'),
  name('manifest'),
];
const messageOf = (bytes: number) => {
  const message = recordedMessages.find((one) => one.to === 'curve25519' && one.plain === bytes);
  if (message === undefined) throw new Error(`nothing of ${bytes} bytes is recorded`);
  return buildMessage(message, noise(bytes));
};
const uncut = {
  [VOL1]: messageOf(3_000_017),
  [VOL2]: messageOf(3_000_017),
  [VOL3]: messageOf(500_000),
  [MANIFEST]: messageOf(4050),
};
const web = aHost({ recipients: ['B95D68253E90E86D'] });
type Contents = Record<string, Uint8Array>;
type Asked = { key: string; from: number; bytes: number };

/** Judges one full whose files hold this; a file whose contents are not given is in cold storage. */
async function judged(contents: Contents, { host = web, cold = [] as string[] } = {}) {
  const asked: Asked[] = [];
  const objects = aFull({ begun: '2026-11-23T03:15:02Z' })
    .filter((object) => object.name in contents || object.name.includes('sigtar'))
    .map((object) => ({ ...object, bytes: contents[object.name]?.length ?? object.bytes }));
  const store = inMemoryStore(
    keyed(host.target.prefix, objects),
    Object.fromEntries(
      Object.entries(contents)
        .filter(([file]) => !cold.includes(file))
        .map(([file, bytes]) => [`${host.target.prefix}${file}`, bytes]),
    ),
  );
  const [judgement] = await checkHosts(
    {
      ...store,
      readPart: (bucket, key, span) => {
        asked.push({ key: key.slice(host.target.prefix.length), ...span });
        return store.readPart(bucket, key, span);
      },
    },
    [host as Host],
    { now, depth: 'recent' },
  );
  if (judgement === undefined) throw new Error('no verdict');
  return { ...judgement, judgement, asked };
}

describe('the framing of a full', () => {
  it('is whole where its last volume and manifest end as they should, for two requests more', async () => {
    const { verdict, findings, asked } = await judged(uncut);
    expect([verdict, findings]).toEqual(['ok', []]);
    expect(asked.map(({ key }) => key).sort()).toEqual([MANIFEST, VOL1, VOL3, VOL3]);
    const [, tail] = asked.filter(({ key }) => key === VOL3);
    expect(tail?.bytes).toBeLessThanOrEqual(8197);
    expect(asked.map(({ bytes }) => bytes).filter((bytes) => bytes > 8197)).toEqual([]);
  });

  it('asks once a file for a full of one small volume', async () => {
    const { verdict, asked } = await judged({ [VOL1]: messageOf(4050), [MANIFEST]: messageOf(0) });
    expect(verdict).toBe('ok');
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['the last volume', VOL3, 1],
    ['the last volume', VOL3, 9000],
    ['the last volume', VOL3, 499_900],
    ['the manifest', MANIFEST, 1],
  ])('is critical, and no good copy, with %s (%s) cut by %i bytes', async (_, file, lost) => {
    const { verdict, findings, judgement } = await judged({
      ...uncut,
      [file]: (uncut[file] as Uint8Array).subarray(0, -lost),
    });
    expect([verdict, judgement.lastGood]).toEqual(['maybe-truncated', undefined]);
    expect(findings).toEqual([
      {
        kind: 'maybe-truncated',
        severity: 'critical',
        startedAt: at('2026-11-23T03:15:02Z'),
        by: 'framing',
        files: [file],
        untold: [],
      },
    ]);
    const [finding] = findings;
    if (finding === undefined) throw new Error('no finding');
    expect(describeFinding(finding, judgement, judgement.host.timezone)).toBe(
      `"${file}" ends before the message in it does: it was cut`,
    );
    expect(nextStep(finding, judgement)).toBe("ssh web 'sudo rollcall-backup run'");
  });

  it('cannot be checked for a volume in cold storage, and is then no verdict', async () => {
    const { verdict, findings, judgement } = await judged(uncut, { cold: [VOL1, VOL3] });
    expect(verdict).toBe('ok');
    expect(findings).toMatchObject([{ severity: 'info', files: [], untold: [VOL3] }]);
    const [finding] = findings;
    if (finding === undefined) throw new Error('no finding');
    expect(describeFinding(finding, judgement, judgement.host.timezone)).toContain(
      `whether "${VOL3}" ends where it should`,
    );
    expect(nextStep(finding, judgement)).toBeUndefined();
  });

  it('is critical where a file was cut, whatever could not be reported for the rest', async () => {
    const contents = { ...uncut, [MANIFEST]: (uncut[MANIFEST] as Uint8Array).subarray(0, -1) };
    const { verdict, findings } = await judged(contents, { cold: [VOL3] });
    expect(verdict).toBe('maybe-truncated');
    expect(findings).toMatchObject([{ severity: 'critical', files: [MANIFEST], untold: [VOL3] }]);
  });

  it('is not looked at where the config names no recipients', async () => {
    const cut = (uncut[VOL3] as Uint8Array).subarray(0, -1);
    const { verdict, asked } = await judged({ ...uncut, [VOL3]: cut }, { host: aHost() });
    expect([verdict, asked]).toEqual(['ok', []]);
  });

  it('is told apart from a last volume as big as the others', async () => {
    const big = messageOf(3_000_017);
    const { judgement } = await judged({ ...uncut, [VOL3]: big.subarray(0, -1) });
    const found = judgement.assessments.flatMap(({ faults }) =>
      faults.map(({ finding }) => finding !== undefined && 'by' in finding && finding.by),
    );
    expect(found.sort()).toEqual(['framing', 'size']);
  });
});
