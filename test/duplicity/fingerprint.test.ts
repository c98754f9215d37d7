import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintText } from '../../shared/duplicity/volumes.ts';
import { aFull } from '../support/builders.ts';

const members = aFull({ begun: '2026-11-23T03:00:00Z' }).map((object, index) => ({
  ...object,
  versionId: `v${index}`,
  etag: `e${index}`,
}));

describe('sealOf', () => {
  it('is the same in every order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(members, { minLength: members.length }), (shuffled) => {
        expect(fingerprintText(shuffled)).toBe(fingerprintText(members));
      }),
    );
  });

  it('is another one when anything of a file is another', () => {
    const changes = [{ name: 'x' }, { etag: 'x' }, { bytes: 1 }];
    const others = changes.map((change) =>
      fingerprintText(
        members.map((member, index) => (index === 1 ? { ...member, ...change } : member)),
      ),
    );
    expect(
      new Set([fingerprintText(members), fingerprintText(members.slice(1)), ...others]).size,
    ).toBe(5);
  });

  it('distinguishes versions where there are no ETags', () => {
    const bare = (id: string) =>
      members.map(({ etag: _, ...rest }) => ({ ...rest, versionId: id }));
    expect(fingerprintText(bare('1'))).not.toBe(fingerprintText(bare('2')));
  });

  it('is the same when a client uploads the same bytes again', () => {
    const again = members.map((member) => ({ ...member, versionId: `${member.versionId} again` }));
    expect(fingerprintText(again)).toBe(fingerprintText(members));
  });

  it('is none where a version is not known, or nothing is there', () => {
    const [first, ...rest] = aFull({ begun: '2026-11-23T03:00:00Z' });
    expect(
      fingerprintText([...members, ...(first === undefined ? [] : [first]), ...rest]),
    ).toBeUndefined();
    expect(fingerprintText([])).toBeUndefined();
  });
});
