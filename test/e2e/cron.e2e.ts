// The cron lines of docs/setup-anywhere.md by cron itself, and the units by systemd's own reader.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { endProgram } from '../support/end-program.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { putOldFulls, writeHostsFile } from '../support/missing-hosts.ts';
import { runProgram } from '../support/run-program.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/setup-anywhere.md'), 'utf8');
const units = ['rollcall-run.service', 'rollcall-run.timer'].map((name) =>
  join(root, 'scripts/systemd', name),
);
/** Cron looks at folders that are hidden here, in a namespace of its own. */
const canHide =
  spawnSync('unshare', ['--mount', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'none', '/run'])
    .status === 0;
let aws: LocalAws;
let mail: MailServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-cron-'));
  [aws, mail] = await Promise.all([startLocalAws(), startMailServer()]);
  putOldFulls(aws, ['web']);
});
afterAll(async () => {
  await Promise.all([aws?.close(), mail?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

it('the units are what systemd reads without a complaint, and shut in', async () => {
  expect(await runProgram('systemd-analyze', ['verify', '--man=no', ...units])).toBe('');
  const words = ['security', '--offline=true', '--threshold=40', '--no-pager', units[0] ?? ''];
  expect(await runProgram('systemd-analyze', words)).toMatch(/exposure level .*: [0-3]\.\d OK/);
  const [, when = ''] = /^OnCalendar=(.*)$/m.exec(readFileSync(units[1] ?? '', 'utf8')) ?? [];
  const said = await runProgram('systemd-analyze', ['calendar', '--iterations=4', when]);
  expect(said.match(/:(?:00|15|30|45):00/g)?.length).toBeGreaterThanOrEqual(4);
});

it.skipIf(!canHide)(
  'cron runs the lines of the docs: the mail arrives, and it says nothing',
  { timeout: 180_000 },
  async () => {
    const [, lines = ''] = /^## By cron\n\n```\n([\s\S]*?)```/m.exec(page) ?? [];
    expect(lines.trim().split('\n')).toHaveLength(3);
    const checkout = join(folder, 'home/me/rollcall');
    const said = join(folder, 'said');
    const tab = lines
      .trimEnd()
      .replace('/usr/local/bin', dirname(process.execPath))
      .replaceAll('/home/me/rollcall', checkout)
      // The hour would be long to wait for.
      .replace('*/15 * * * *', '* * * * *')
      // What cron would mail.
      .replace(/$/, ` >>${said} 2>&1`);
    // As npm ci leaves it: npx starts the program that the package names.
    mkdirSync(join(checkout, 'dist'), { recursive: true });
    const { name, version, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    writeFileSync(join(checkout, 'package.json'), JSON.stringify({ name, version, bin }));
    writeFileSync(
      join(checkout, 'dist/rollcall.mjs'),
      `#!/usr/bin/env node\nawait import(${JSON.stringify(join(root, 'scripts/rollcall.ts'))});\n`,
      { mode: 0o755 },
    );
    const hasSaid = () => existsSync(said) && statSync(said).size > 0;
    const { accessKeyId, secretAccessKey } = aws.credentials;
    const keys = `AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`;
    writeFileSync(join(checkout, 'store.env'), `export ${keys}\n`, { mode: 0o600 });
    writeHostsFile(checkout, { aws, mail, hosts: ['web'] });
    // Only this cron, in a namespace of its own, sees the table.
    writeFileSync(join(folder, 'tab'), `${tab}\n`, { mode: 0o600 });
    const cron = spawn(
      'unshare',
      [
        ...['--mount', '--pid', '--fork', '--kill-child', 'sh', '-ec'],
        `mount -t tmpfs none /run
       mount -t tmpfs -o mode=700 none /var/spool/cron/crontabs
       for other in /etc/cron.d /etc/crontab; do [ ! -e $other ] || mount --bind /dev/null $other 2>/dev/null || mount -t tmpfs none $other; done
       install -m 600 ${folder}/tab /var/spool/cron/crontabs/root
       exec cron -f`,
      ],
      { stdio: 'ignore', env: { PATH: process.env.PATH, HOME: folder } },
    );
    try {
      const until = Date.now() + 150_000;
      while (mail.mails.length === 0 && Date.now() < until && !hasSaid()) await sleep(500);
      // Until the run has ended, too.
      await sleep(2_000);
    } finally {
      await endProgram(cron);
    }
    expect(readFileSync(said, 'utf8')).toBe('');
    expect(mail.mails.map(({ to }) => to)).toEqual(['ops@example.net']);
    expect(readFileSync(join(checkout, 'state/rollcall-state.json'), 'utf8')).toContain('1');
  },
);
