import { describe, expect, it } from 'vitest';
import type { ReadKeyFile } from '../../shared/config/config.ts';
import { ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const WEB = 'A'.repeat(40);
const V6 = 'B'.repeat(64);
const CONFIG = `bucket: acme-backups
recipients: [keys/web.asc, 0123456789ABCDEF]
hosts:
  mail: {}
  web: { recipients: ["keys/other key.gpg"] }
`;
const readKeyFile: ReadKeyFile = (path) =>
  path === 'keys/web.asc' ? { fingerprints: [WEB, V6] } : { problem: 'is damaged: export it' };

const issuesOf = (text: string, read?: ReadKeyFile): readonly string[] => {
  try {
    parseConfig(text, 'hosts.yml', read);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
};

describe('a key file in the config', () => {
  it('stands for the keys in it that encrypt, next to ids', () => {
    const configText = CONFIG.replace('"keys/other key.gpg"', 'keys/web.asc');
    const { hosts } = parseConfig(configText, 'hosts.yml', readKeyFile);
    expect(hosts.map(({ recipients }) => recipients)).toEqual([
      [WEB, V6, '0123456789ABCDEF'],
      [WEB, V6],
    ]);
  });

  it('that cannot be read is a mistake with its line', () => {
    expect(issuesOf(CONFIG, readKeyFile)).toEqual([
      'hosts.yml:5: hosts.web.recipients: keys/other key.gpg is damaged: export it',
    ]);
  });

  it('is never taken for no recipients where no file can be read', () => {
    expect(issuesOf(CONFIG)).toEqual([
      expect.stringMatching(/^hosts\.yml:2: recipients: keys\/web\.asc cannot be read here: write/),
      expect.stringMatching(/^hosts\.yml:5: hosts\.web\.recipients: keys\/other key\.gpg cannot/),
    ]);
  });

  it('is asked for with the end of its name', () => {
    expect(issuesOf(CONFIG.replace('web.asc', 'web'), readKeyFile)[0]).toBe(
      'hosts.yml:2: recipients is "keys/web", but must be an OpenPGP key id or fingerprint: 16, 40 or 64 hexadecimal digits; or a public key file that ends in .asc, .gpg or .pgp',
    );
  });
});
