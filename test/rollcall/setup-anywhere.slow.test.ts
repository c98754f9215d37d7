// docs/setup-anywhere.md, from nothing to the first mail: each command is run as it is printed.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';
import { script } from './run-rollcall.ts';

const page = readFileSync(new URL('../../docs/setup-anywhere.md', import.meta.url), 'utf8');
const section = page.split(/^## /m)[1] ?? '';
const commands = [...section.matchAll(/^ {3}```sh\n([\s\S]*?)^ {3}```$/gm)].map(([, text = '']) =>
  text.replace(/^ {3}/gm, ''),
);
let aws: LocalAws;
let mail: MailServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-setup-'));
  [aws, mail] = await Promise.all([
    startLocalAws(),
    startMailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _, done) =>
        done(username === 'backups' && password === 'pass word' ? null : new Error('no'), {
          user: username,
        }),
    }),
  ]);
  aws.createBucket('acme-backups');
  const { accessKeyId, secretAccessKey } = aws.credentials;
  // What only this machine is called otherwise: the store, its region, its key, and the mail server.
  writeFileSync(
    join(folder, 'here.sed'),
    [
      `s|https://fsn1.example-objects.com|${aws.endpoint}|`,
      's|region: fsn1|region: eu-west-1|',
      `s|host: mail.example.net, port: 587|host: 127.0.0.1, port: ${mail.port}, tls: none|`,
      `s|=KEY |=${accessKeyId} |; s|=SECRET|=${secretAccessKey}|`,
    ].join('\n'),
  );
  // npm ci has run; npx runs what it built.
  writeFileSync(
    join(folder, 'functions.bash'),
    `npm() { [ "$*" = ci ]; }\nnpx() { [ "$1" = rollcall ] && shift && "${process.execPath}" "${script}" "$@"; }\n`,
  );
});
afterAll(async () => {
  await Promise.all([aws.close(), mail.stop()]);
  rmSync(folder, { recursive: true });
});

it('the commands of docs/setup-anywhere.md lead from nothing to the first mail', async () => {
  expect(commands).toHaveLength(6);
  const here = await runProgram('sed', ['-f', join(folder, 'here.sed'), writeCommands()]);
  writeFileSync(join(folder, 'all.bash'), `set -e\n. ./functions.bash\n${here}`);
  const env = { PATH: process.env.PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' };
  const printed = await runProgram('bash', ['-c', 'bash all.bash <<< "pass word"'], {
    ...{ cwd: folder, env },
  }).catch((error: unknown) => {
    if (error instanceof ProgramError) expect.fail(error.printed);
    throw error;
  });
  expect(printed).toContain('taken   mail to ops@example.net');
  expect(printed).toMatch(/Z (?:no host was due|judged 2)/);
  expect(mail.withSubject('TEST')).toHaveLength(1);
  expect(statSync(join(folder, 'smtp-password')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
});

function writeCommands(): string {
  const file = join(folder, 'printed.bash');
  writeFileSync(file, commands.join('\n'));
  return file;
}
