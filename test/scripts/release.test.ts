import { describe, expect, it } from 'vitest';
import { notesOf, problemsOf } from '../../scripts/release.ts';

const changelog = `# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-28

### Added

- **A thing.** It does what it says.

## [0.1.0] - 2026-11-23

- The first version.

## [0.0.9] - 2026-11-01
`;

describe('a release', () => {
  it('takes its notes from the section of its version, and from no other', () => {
    expect(notesOf(changelog, '0.2.0')).toBe('### Added\n\n- **A thing.** It does what it says.');
    expect(notesOf(changelog, '0.1.0')).toBe('- The first version.');
  });

  it('has no notes where the section is empty or absent', () => {
    expect([notesOf(changelog, '0.0.9'), notesOf(changelog, '0.3.0')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('is ready when version, changelog and tag agree', () => {
    expect(problemsOf('0.2.0', changelog)).toEqual([]);
    expect(problemsOf('0.2.0', changelog, 'v0.2.0')).toEqual([]);
  });

  it.each([
    ['a tag of another version', '0.2.0', 'v0.1.0', 'tag v0.2.0 instead'],
    ['a tag without the v', '0.2.0', '0.2.0', 'tag v0.2.0 instead'],
    ['a version that the changelog does not have', '0.3.0', undefined, '## [0.3.0] - DATE'],
    ['a version that is none', '1.0', undefined, 'no version like 1.2.3'],
  ])('is refused for %s, with what to do', (_, version, tag, hint) => {
    expect(problemsOf(version, changelog, tag).join('\n')).toContain(hint);
  });
});
