import { describe, expect, it } from 'vitest';
import { describeFinding, nextStep, subjectsOf } from '../../shared/messages/finding-text.ts';
import { judge } from '../../shared/rules/judge.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';

describe('what to do about names that duplicity crashes on', () => {
  const judgement = judge(aHost(), collected(), at('2026-11-23T12:00:00Z'));
  const step = (names: string[], count = names.length) =>
    nextStep({ kind: 'poisoned', severity: 'critical', names, count }, judgement);
  const remove = 'aws --profile break-glass s3api delete-object --bucket backups --key';

  it('is one command for each name', () => {
    expect(step(['a.vol0.gpg', "b'; rm x"])).toBe(
      `${remove} web/a.vol0.gpg && ${remove} 'web/b'\\''; rm x'`,
    );
  });
  it.each([
    ['there are more than are named', ['a'], 2],
    ['a terminal would show another name', ['a\u202eb'], 1],
    ['a name has a line break', ['a\nb'], 1],
  ])('is no command where %s', (_, names, count) => {
    expect(step(names, count)).toBe('look at each, and remove them: docs/runbook.md#poisoned');
  });
});

describe('what to do on a host', () => {
  it.each([
    ['web', "ssh web 'sudo rollcall-backup run'"],
    ['office/nas', 'sudo rollcall-backup run   # on office/nas'],
  ])('is a command that can be pasted: %s', (name, command) => {
    const read = collected(...aFull({ begun: '2026-11-20T03:15:00Z' }));
    const judgement = judge(aHost({ name }), read, at('2026-11-23T12:00:00Z'));
    const steps = judgement.findings.map((finding) => nextStep(finding, judgement));
    expect(steps).toContain(command);
  });
});

describe('what makes one more unencrypted file news', () => {
  const night = (day: number) =>
    aFull({ begun: `2026-11-${day}T03:15:00Z`, volumes: 5 }).map((file) => ({
      ...file,
      name: file.name.replace('.gpg', file.name.includes('manifest') ? '' : '.gz'),
    }));
  const subjects = (days: number[]) => {
    const read = collected(...days.flatMap(night));
    const judgement = judge(aHost(), read, at('2026-11-23T12:00:00Z'));
    const finding = judgement.findings.find(({ kind }) => kind === 'unencrypted');
    return finding === undefined ? [] : subjectsOf(finding, judgement);
  };

  it('is each night that wrote some, however many lie there already', () => {
    const before = subjects([20, 21, 22]);
    expect(subjects([20, 21, 22, 23]).filter((one) => !before.includes(one))).toEqual([
      '2026-11-23T03:15:00.000Z',
    ]);
  });
});

describe('why a set counts for no day', () => {
  const words = (begun: string) => {
    const set = aFull({ begun, done: '2026-11-23T02:00:00Z' });
    const judgement = judge(aHost(), collected(...set), at('2026-11-23T12:00:00Z'));
    return judgement.findings
      .map((finding) => describeFinding(finding, judgement, 'UTC'))
      .join('\n');
  };

  it('names the setting where an earlier opening would take it in', () => {
    expect(words('2026-11-22T23:50:00Z')).toContain('set "opens" in hosts.yml to before 23:50');
  });
  it.each(['2025-11-23T02:00:00Z', '2026-11-21T23:50:00Z'])(
    'names none where no opening can, as for a set of %s',
    (begun) => expect(words(begun)).not.toContain('"opens"'),
  );
});

describe('a volume that is far smaller than the others', () => {
  it('is named as a volume', () => {
    const set = aFull({ begun: '2026-11-23T02:00:00Z', volumes: 5 }).map((file) =>
      file.name.includes('.vol3.') ? { ...file, bytes: 1 } : file,
    );
    const judgement = judge(aHost(), collected(...set), at('2026-11-23T12:00:00Z'));
    expect(judgement.findings.map((one) => describeFinding(one, judgement, 'UTC'))).toEqual([
      'the full of Mon 23 Nov 02:00 has all of its files, and is not good: volume 3 is far smaller than the others. It can NOT be relied on',
    ]);
  });
});
