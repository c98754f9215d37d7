import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../shared/config/parse-config.ts';
import { renderText } from '../shared/messages/render-text.ts';
import { judge } from '../shared/rules/judge.ts';
import { notificationOf } from './support/a-notification.ts';
import { aFull, aHost, at, collected } from './support/builders.ts';

const root = new URL('..', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  'CODE_OF_CONDUCT.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const headings = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

describe('the documentation', () => {
  it('calls the framework by the name that is its own on npm, in each page and each hint', () => {
    // `sls` is a package of somebody else there, which npx would fetch and run outside of the checkout.
    const programs = ['functions', 'scripts', 'shared'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|cjs|py|sh)$/.test(name))
        .map((name) => `${folder}/${name}`),
    );
    const past = ['docs/adr/0016-deploy-with-osls.md', 'CHANGELOG.md'];
    const others = ['serverless.yml', 'hosts.example.yml', ...programs];
    for (const file of [...pages, ...others].filter((one) => !past.includes(one))) {
      expect(read(file), file).not.toMatch(/npx sls\b/);
    }
  });

  it.each(pages)('%s says nothing twice in one list or table', (page) => {
    for (const block of read(page).split(/\n\n/)) {
      const items = block.split(/\n(?=[-|] ?)/).filter((item) => /^[-|].{45}/.test(item));
      const begins = items.map((item) => item.replace(/\s+/g, ' ').slice(0, 60));
      expect(begins.filter((one, at) => begins.indexOf(one) < at)).toEqual([]);
    }
  });

  it('has every page of the docs in their index', () => {
    const index = read('docs/README.md');
    const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
    for (const name of names.filter((one) => one !== 'README.md'))
      expect(index).toContain(`](${name}`);
  });

  it('has every decision in the index of decisions, by its title', () => {
    const index = read('docs/adr/README.md').replace(/\s+/g, ' ');
    const files = readdirSync(join(root, 'docs/adr')).filter((name) => /^\d{4}-/.test(name));
    for (const file of files) {
      const title = /^# (.*)$/m.exec(read(`docs/adr/${file}`))?.[1];
      expect(index).toContain(`- [${title}](${file})`);
    }
  });

  // Tables and code cannot be cut.
  it.each(pages)('%s has no line of prose over 120 columns', (page) => {
    const prose = read(page).replace(/^ *```[\s\S]*?^ *```$/gm, '');
    const long = prose.split('\n').filter((line) => line.length > 120 && !line.startsWith('|'));
    expect(long).toEqual([]);
  });

  it.each(pages)('%s links only to what is there', (page) => {
    const text = read(page);
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(root, file)), `${page}: ${target}`).toBe(true);
      if (anchor !== undefined)
        expect(headings(read(file)), `${page}: ${target}`).toContain(anchor);
    }
  });

  it.each(pages)('%s names only files that are there', (page) => {
    const named = read(page).matchAll(/`((?:shared|functions|scripts|test|docs)\/[\w./-]+\.\w+)`/g);
    const gone = [...named].flatMap(([, file = '']) =>
      file.includes('NAME') || existsSync(join(root, file)) ? [] : [file],
    );
    expect(gone).toEqual([]);
  });

  it.each(readdirSync(join(root, 'test/faults')))(
    'has a row for each fault of %s, and a test for each row',
    (file) => {
      const sections = read('docs/faults.md').split(/^## /m);
      const section = sections.find((one) => one.includes(`test/faults/${file}`)) ?? '';
      const rows = [...section.matchAll(/^\|.*\| (.*) \|$/gm)].map(([, test]) => test).slice(2);
      const tests = [...read(`test/faults/${file}`).matchAll(/^ {2}it\(\s*'(.*)'/gm)];
      expect(rows).toEqual(tests.map(([, test]) => test));
    },
  );

  it('goes through 49 threats, each with tests that are there, or why there is none', () => {
    const rows = [...read('docs/security.md').matchAll(/^\| (\d+) \|.*\| (.*) \|$/gm)];
    expect(rows.map(([, number]) => Number(number))).toEqual(
      Array.from({ length: 49 }, (_, index) => index + 1),
    );
    for (const [, number, cell = ''] of rows) {
      const tests = [...cell.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)];
      const isExcused = cell.startsWith('cannot be tested here, because ');
      expect(tests.length > 0 || isExcused, `row ${number} has a test`).toBe(true);
      for (const [, file = '', name = ''] of tests) {
        const names = [...read(file).matchAll(/(['"`])((?:\\.|(?!\1).)+)\1/g)];
        const found = names.map(([, , text = '']) => text.replace(/\\(.)/g, '$1'));
        expect(found, `row ${number}: ${file}`).toContain(name);
      }
    }
  });

  it('shows in the README a smallest config that can be deployed', () => {
    const configText = /^ {3}```yaml\n([\s\S]*?)^ {3}```$/m.exec(read('README.md'))?.[1] ?? '';
    const text = configText.replace(/^ {3}/gm, '');
    expect(text.trim().split('\n')).toHaveLength(5);
    expect(parseConfig(text, 'hosts.yml', undefined, 'deploy').hosts).toHaveLength(1);
  });

  it('has an example of a config that can be deployed', () => {
    const text = read('hosts.example.yml');
    expect(
      parseConfig(text, 'hosts.example.yml', undefined, 'deploy').hosts.length,
    ).toBeGreaterThan(1);
  });

  it('shows in the README the mail that is really sent', () => {
    const now = at('2026-11-23T07:15:00Z');
    const timezone = 'Europe/Amsterdam';
    const full = (day: string, minute = '14') =>
      aFull({
        begun: `2026-11-${day}T01:${minute}:00Z`,
        done: `2026-11-${day}T01:40:00Z`,
        volumes: 31,
      });
    const web = [full('19', '11'), full('20', '12'), full('21')].flat();
    const lifecycle = { rules: [{ prefix: '', hides: { days: 6 }, noncurrentDays: 8 }] };
    const judgements = [
      judge(aHost({ name: 'web', timezone }), collected(...web), now, { lifecycle }),
      judge(
        aHost({ name: 'db', timezone }),
        collected(...full('23').filter(({ name }) => !name.includes('vol7'))),
        now,
      ),
    ];
    const { message } = notificationOf(now, judgements, { hostsInConfig: 41, timezone });
    expect(read('README.md')).toContain(
      `Subject: ${message?.subject}\n\n${message && renderText(message).trimEnd()}`,
    );
    expect(read('README.md')).toContain(message?.smsLine);
  });
});
