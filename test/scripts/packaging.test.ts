// What a machine of one's own is set up with: the image, the compose file, the units, and the commands of the docs.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMMANDS } from '../../scripts/rollcall/command-line.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const root = new URL('../..', import.meta.url).pathname;
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const dockerfile = read('Dockerfile');
const page = read('docs/setup-anywhere.md');
/** The options that `rollcall run` is given there, each of which it takes. */
async function expectTaken(words: string): Promise<void> {
  const help = (await COMMANDS.run?.load())?.help ?? '';
  for (const [option] of words.matchAll(/--[a-z-]+/g)) expect(help).toContain(`  ${option} `);
}

describe('the image', () => {
  it('is made of files that are there, and that the build is given', () => {
    const given = read('.dockerignore')
      .match(/^!(.*)$/gm)
      ?.map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
      ([, words = '']) => words.split(' '),
    );
    expect(copied.length).toBeGreaterThan(4);
    for (const file of copied) {
      expect(existsSync(join(root, file)), file).toBe(true);
      expect(given).toContain(file);
    }
  });

  it('runs without root, on the Node that the tests run on, and nothing of npm in it', () => {
    const [, last = ''] = dockerfile.split(/^(?=FROM (?!.* AS ))/m);
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/rm -rf .*npm/);
    const versions = [...dockerfile.matchAll(/^FROM node:(\d+)-/gm)].map(([, version]) => version);
    expect(new Set(versions)).toEqual(new Set([process.versions.node.split('.')[0]]));
    expect(last).not.toMatch(/PASSWORD|SECRET|ACCESS_KEY/);
  });

  it('asks for its health by options that there are', async () => {
    const health = JSON.parse(/^ {2}CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]');
    expect(health).toEqual(expect.arrayContaining(['run', '--healthy-within', '2h']));
    await expectTaken(health.join(' '));
    await expectTaken(/^CMD .*/m.exec(dockerfile)?.[0] ?? '');
  });

  it('has in compose.yml nothing that can be written but its state', () => {
    const { rollcall } = parse(read('compose.yml')).services;
    expect(rollcall).toMatchObject({ read_only: true, cap_drop: ['ALL'], mem_limit: '512m' });
    const writable = rollcall.volumes.filter((one: string) => !one.endsWith(':ro'));
    expect(writable).toEqual(['state:/var/lib/rollcall']);
    expect(dockerfile).toContain('ROLLCALL_STATE=/var/lib/rollcall');
    expect(dockerfile).toContain('ROLLCALL_HOSTS=/etc/rollcall/hosts.yml');
  });
});

describe('the timer', () => {
  const service = read('scripts/systemd/rollcall-run.service');

  it('starts each quarter of an hour what the docs install', async () => {
    expect(read('scripts/systemd/rollcall-run.timer')).toMatch(/^OnCalendar=\*:0\/15$/m);
    const [, command = ''] = /^ExecStart=(.*)$/m.exec(service) ?? [];
    expect(command).toContain('/opt/rollcall/dist/rollcall.mjs run --state /var/lib/rollcall');
    await expectTaken(command);
    expect(page).toContain('sudo cp -r . /opt/rollcall');
    expect(page).toContain('sudo cp scripts/systemd/rollcall-run.* /etc/systemd/system/');
  });

  it('has a user of its own, and the password as a credential', () => {
    expect(service).toMatch(/^DynamicUser=yes$/m);
    expect(service).toMatch(/^ProtectSystem=strict$/m);
    expect(service).toMatch(/^LoadCredential=smtp-password:/m);
    expect(page).toContain('/run/credentials/rollcall-run.service/smtp-password');
  });
});

describe("the page for a machine of one's own", () => {
  it('takes at most six commands to the first mail', () => {
    const section = page.split(/^## /m)[1] ?? '';
    const commands = [...section.matchAll(/^ {3}```sh\n([\s\S]*?)^ {3}```$/gm)];
    expect(commands.length).toBeLessThanOrEqual(6);
    expect(section).toContain('npx rollcall test-alert');
  });

  it('shows a config that is read', () => {
    const [, text = ''] = /<<'END'\n([\s\S]*?) {3}END\n/.exec(page) ?? [];
    const config = parseConfig(text.replace(/^ {3}/gm, ''), 'hosts.yml');
    expect(config.smtp).toMatchObject({ user: 'backups', passwordFile: 'smtp-password' });
  });
});
