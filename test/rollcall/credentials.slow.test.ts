// The credentials of a person: each profile in a real configuration, each command as docs/setup.md and the runbook have it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aFull } from '../support/builders.ts';
import { rollcallLine, runAtTerminal } from './at-terminal.ts';
import { startAlone } from './run-rollcall.ts';

const ROLE = 'arn:aws:iam::111122223333:role/rollcall-prod-BreakGlassRole-1ABC';
const ALICE = 'arn:aws:iam::111122223333:mfa/alice';
const SET = '20261121T011400Z';
const set = aFull({ begun: '2026-11-21T01:14:00Z', volumes: 3 });
const home = mkdtempSync(join(tmpdir(), 'rollcall-credentials-'));
const configText = join(home, 'hosts.yml');
let aws: LocalAws;

// As docs/setup.md has it.
const CONFIG = `[profile break-glass]
role_arn       = ${ROLE}
source_profile = default
mfa_serial     = ${ALICE}

[profile plain-role]
role_arn       = ${ROLE}
source_profile = default

[profile old-sso]
sso_session    = acme
sso_account_id = 111122223333
sso_role_name  = Admin
region         = eu-west-1

[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region    = eu-west-1

[profile role-by-sso]
role_arn       = ${ROLE}
source_profile = old-sso
mfa_serial     = ${ALICE}

[profile helper]
credential_process = ${join(home, 'helper')}

[profile broken-helper]
credential_process = ${join(home, 'broken-helper')}
`;

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: home,
  AWS_CONFIG_FILE: join(home, 'config'),
  AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ENDPOINT_URL: aws.endpoint,
  ...more,
});
const run = (args: readonly string[], profile?: string) =>
  startAlone(
    [...args, '--hosts', configText],
    env(profile === undefined ? {} : { AWS_PROFILE: profile }),
  );
const undelete = ['undelete', 'web', SET, '--hosts', configText];
const isThere = () => set.every(({ name }) => aws.head('backups', `web/${name}`));
const deletedBy = () =>
  aws.requests.records
    .filter(({ operation }) => operation === 'DeleteObject')
    .map((one) => one.principal);

const atTerminal = (command: string, type: (screen: string) => string | undefined) =>
  runAtTerminal(command, type, env());
const PROMPT = `MFA code of ${ALICE}: `;

beforeAll(async () => {
  aws = await startLocalAws({
    // Only a session of the role may take a marker away.
    authorize: ({ action, principal }) =>
      action !== 's3:DeleteObjectVersion' || aws.sts.sessions.get(principal) === ROLE,
  });
  writeFileSync(
    configText,
    'bucket: backups\nregion: eu-west-1\nhosts: { web: {} }\nalerts: { from: a@example.net, mail: [a@example.net] }\n',
  );
  writeFileSync(join(home, 'config'), CONFIG);
  writeFileSync(
    join(home, 'credentials'),
    '[default]\naws_access_key_id = AKIAALICE\naws_secret_access_key = s3cr3t\n',
  );
  const keys = { Version: 1, AccessKeyId: 'AKIAHELPER', SecretAccessKey: 's3cr3t' };
  writeFileSync(join(home, 'helper'), `#!/bin/sh\necho '${JSON.stringify(keys)}'\n`);
  writeFileSync(join(home, 'broken-helper'), '#!/bin/sh\necho "the vault is locked" >&2\nexit 7\n');
  for (const one of ['helper', 'broken-helper']) chmodSync(join(home, one), 0o755);
  const cache = join(home, '.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  writeFileSync(
    join(cache, `${createHash('sha1').update('acme').digest('hex')}.json`),
    JSON.stringify({
      accessToken: 'old',
      expiresAt: '2020-01-01T00:00:00Z',
      region: 'eu-west-1',
      startUrl: 'https://acme.awsapps.com/start',
    }),
  );
});
beforeEach(() => {
  aws.createBucket('backups', { versioning: true });
  for (const { name, bytes, modifiedAt } of set) {
    aws.put('backups', `web/${name}`, { bytes }, { modified: modifiedAt });
    aws.remove('backups', `web/${name}`, { modified: '2026-11-28T00:00:00Z' });
  }
  aws.sts.roles.clear();
  aws.sts.roles.set(ROLE, { needsSecondFactor: true });
  aws.sts.codes.clear();
  aws.sts.codes.set(ALICE, '123456');
  aws.requests.clear();
  aws.faults.clear();
});
afterAll(async () => {
  rmSync(home, { recursive: true });
  await aws.close();
});

describe('a profile with a second factor', () => {
  it('brings a set back, as the runbook has it: the code is asked for once, and standard output stays clean', async () => {
    const out = join(home, 'out');
    const command = `AWS_PROFILE=break-glass ${rollcallLine(undelete)} > '${out}'`;
    const { screen, status } = await atTerminal(command, (seen) =>
      seen.endsWith(PROMPT) ? '123456\n' : undefined,
    );
    expect([screen, status]).toEqual([expect.stringContaining(PROMPT), 0]);
    expect(screen.split(PROMPT)).toHaveLength(2);
    const { stdout } = { stdout: await text(spawn('cat', [out]).stdout) };
    expect(stdout).toMatch(/^the set 20261121T011400Z of web: 5 files to bring back\n/);
    expect(stdout).not.toContain('MFA');
    expect(isThere()).toBe(true);
    expect(new Set(deletedBy())).toEqual(new Set([[...aws.sts.sessions.keys()].at(-1)]));
    expect(aws.requests.counts().byOperation).toMatchObject({ AssumeRole: 1 });
  });

  it('asks again for what is no code, and takes the code from the terminal when standard input is a pipe', async () => {
    const answers = ['12345\n', ' 123456 \n'];
    const command = `true | AWS_PROFILE=break-glass ${rollcallLine(undelete)}`;
    const { screen, status } = await atTerminal(command, (seen) =>
      seen.endsWith(PROMPT) ? answers.shift() : undefined,
    );
    expect(screen).toContain('A code is six digits');
    expect([status, isThere()]).toEqual([0, true]);
  });

  it('passes on what STS says of a wrong code, and changes nothing', async () => {
    const { screen, status } = await atTerminal(
      `AWS_PROFILE=break-glass ${rollcallLine(undelete)}`,
      (seen) => (seen.endsWith(PROMPT) ? '654321\n' : undefined),
    );
    expect(status).toBe(3);
    expect(screen).toContain(
      'rollcall: error: no AWS credentials: AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    );
    expect(screen).toContain(
      'rollcall: hint: run it again with the code that the device shows then',
    );
    expect([isThere(), deletedBy()]).toEqual([false, []]);
  });

  it.each([
    ['Ctrl-C', '\u0003', 130, undefined],
    ['Ctrl-D', '\u0004', 3, 'no code was given'],
    ['an empty line', '\n', 3, 'no code was given'],
  ])('leaves nothing behind at %s', async (_, keys, expected, words) => {
    const { screen, status } = await atTerminal(
      `AWS_PROFILE=break-glass ${rollcallLine(undelete)}`,
      (seen) => (seen.endsWith(PROMPT) ? keys : undefined),
    );
    expect(status).toBe(expected);
    if (words !== undefined) expect(screen).toContain(words);
    expect(screen).not.toContain('    at ');
    expect(aws.requests.records).toEqual([]);
    expect(isThere()).toBe(false);
  });

  it('explains without a terminal how to get there all the same', async () => {
    const { status, stdout, stderr } = await run(['undelete', 'web', SET], 'break-glass');
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('asks for a second factor, and there is no terminal');
    expect(stderr).toContain('aws configure export-credentials --profile break-glass --format env');
    expect(aws.requests.records).toEqual([]);
  });

  it('asks for one code for all that a command does at once', async () => {
    const { status } = await atTerminal(
      `AWS_PROFILE=break-glass ${rollcallLine(['doctor', '--hosts', configText])} > /dev/null`,
      (seen) => (seen.endsWith(PROMPT) ? '123456\n' : undefined),
    );
    expect(status).not.toBeNull();
    expect(aws.requests.counts().byOperation).toMatchObject({ AssumeRole: 1 });
    const others = aws.requests.records.filter(({ operation }) => operation !== 'AssumeRole');
    expect(new Set(others.map(({ principal }) => principal)).size).toBe(1);
  });

  it('does not wait for a code when the profile below it does not work', async () => {
    const { screen, status } = await atTerminal(
      `AWS_PROFILE=role-by-sso ${rollcallLine(undelete)}`,
      () => undefined,
    );
    expect(status).toBe(3);
    expect(screen).toContain('aws sso login');
    expect(screen).not.toContain('    at ');
  });
});

describe('a profile', () => {
  const check = ['check', '--host', 'web'];

  it('that takes on a role without a second factor just works', async () => {
    aws.sts.roles.set(ROLE, { needsSecondFactor: false });
    const { status } = await run(['undelete', 'web', SET], 'plain-role');
    expect([status, isThere()]).toEqual([0, true]);
  });

  it('whose program answers with credentials just works', async () => {
    await run(check, 'helper');
    expect(new Set(aws.requests.records.map(({ principal }) => principal))).toEqual(
      new Set(['AKIAHELPER']),
    );
  });

  it.each([
    [
      'of an SSO session that has expired',
      'old-sso',
      /SSO|Token is expired/i,
      'aws sso login --profile old-sso',
    ],
    [
      'that is not there',
      'nope',
      /profile: \[nope\]/,
      'the profile nope is not in your AWS configuration',
    ],
    [
      'whose program fails',
      'broken-helper',
      /the vault is locked/,
      'aws sts get-caller-identity --profile broken-helper',
    ],
    [
      'whose role is refused',
      'plain-role',
      /not authorized to perform: sts:AssumeRole/,
      'try the profile plain-role',
    ],
  ])("%s ends every command with the SDK's own words", async (_, profile, words, hint) => {
    aws.sts.roles.clear();
    const commands = [
      check,
      ['status'],
      ['doctor'],
      ['test-alert'],
      ['janitor'],
      ['bucket-settings', 'policy'],
      ['undelete', 'web', SET],
      ['add-host', 'db', '--credentials-file', join(home, 'db.aws')],
      ['remove-host', 'mail', '--yes'],
      ['add-reader', 'desk', '--host', 'web', '--credentials-file', join(home, 'desk.aws')],
      ['remove-reader', 'desk', '--yes'],
    ];
    // The one that is not there needs no answer of AWS: there the whole list is cheap.
    for (const command of profile === 'nope' ? commands : commands.slice(0, 2)) {
      const { status, stdout, stderr } = await run(command, profile);
      expect([command[0], status, stdout]).toEqual([command[0], 3, '']);
      expect(stderr).toMatch(/^rollcall: error: no AWS credentials: .*\nrollcall: hint: .*\n$/);
      expect(stderr).toMatch(words);
      expect(stderr).toContain(hint);
    }
  });

  it('that are not set are reported as missing, with what to set', async () => {
    const none = { AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' };
    const { status, stderr } = await startAlone([...check, '--hosts', configText], env(none));
    expect(status).toBe(3);
    expect(stderr).toContain('Could not load credentials from any providers');
    expect(stderr).toContain('set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  });

  it('that is the default one fails in its own words, too', async () => {
    const config = join(home, 'default-config');
    writeFileSync(config, `[default]\ncredential_process = ${join(home, 'broken-helper')}\n`);
    const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' };
    const { status, stderr } = await startAlone([...check, '--hosts', configText], env(files));
    expect([status, stderr]).toEqual([3, expect.stringContaining('the vault is locked')]);
  });

  it('that is named is used, and not the keys of the environment', async () => {
    const keys = {
      AWS_ACCESS_KEY_ID: 'AKIAENV',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_PROFILE: 'helper',
    };
    const { stderr } = await startAlone([...check, '--hosts', configText], env(keys));
    expect(stderr).not.toContain('WARNING');
    expect(aws.requests.records[0]?.principal).toBe('AKIAHELPER');
  });
});
