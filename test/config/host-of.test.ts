import { describe, expect, it } from 'vitest';
import { hostOf } from '../../shared/config/config.ts';
import { aConfig, aHost } from '../support/builders.ts';

describe('hostOf', () => {
  const config = aConfig([
    aHost({ name: 'web' }),
    aHost({ name: 'web2' }),
    aHost({ name: 'nas', target: { bucket: 'other', prefix: 'web/' } }),
  ]);

  it.each([
    ['backups', 'web/duplicity-full.20261123T031502Z.manifest.gpg', 'web'],
    ['backups', 'web2/x', 'web2'],
    ['other', 'web/x', 'nas'],
    ['backups', 'webs/x', undefined],
    ['backups', 'web', undefined],
    ['third', 'web/x', undefined],
  ])('of s3://%s/%s is %s', (bucket, key, name) => {
    expect(hostOf(config, bucket, key)?.name).toBe(name);
  });
});
