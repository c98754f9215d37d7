// The page and the mail as people see them: at three widths, in light and dark.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Board, composeGrid } from '../../shared/messages/board.ts';
import type { Block, Item } from '../../shared/messages/message-tree.ts';
import { renderHtml } from '../../shared/messages/render-html.ts';
import { composeStatusPage, composeYear } from '../../shared/messages/status-page.ts';
import { aBoard, BOARD_NOW } from '../support/a-board.ts';
import { runProgram } from '../support/run-program.ts';
import { findBarriers, openPage, startBrowser } from './open-page.ts';

let browser: Browser;
const folder = process.env.ROLLCALL_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'rollcall-pages-'));
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  if (process.env.ROLLCALL_SCREENSHOTS === undefined) rmSync(folder, { recursive: true });
});

const pageOf = (board: Board) =>
  composeStatusPage(board, {
    ...{ bucket: 'acme-backups', timezone: 'UTC', hostsInConfig: board.rows.length },
    writtenAt: BOARD_NOW,
  });
const tampered = (board: Board): Board => ({
  ...board,
  rows: board.rows.map((row, at) =>
    at === 1 ? { ...row, tone: 'tampered', verdict: 'tampered' } : row,
  ),
});
const item: Item = {
  ...{ tone: 'bad', label: 'MISSING', who: 'web', says: 'no full backup since Sat 21 Nov' },
  facts: ['Last good copy: Sat 21 Nov 02:14, 31 volumes, 5.9 GiB.'],
  ...{ steps: ["ssh web 'sudo rollcall-backup run'"], runbook: 'docs/runbook.md#missing' },
};
const mail = renderHtml({
  subject: '[backup] 3 of 41 hosts FAILED',
  blocks: [
    { kind: 'banner', tone: 'bad', text: '3 of 41 hosts FAILED', below: 'Mon 23 Nov' },
    { kind: 'problem', ...item },
    { kind: 'problem', ...item, tone: 'tampered', label: 'TAMPERED' },
    { kind: 'list', title: 'Would an alarm arrive?', items: [{ ...item, tone: 'good' }] },
    composeGrid(aBoard(12)) as Block,
  ],
});
const PAGES = {
  fleet: pageOf(aBoard(41)),
  tampered: pageOf(tampered(aBoard(8))),
  good: pageOf({ ...aBoard(0), rows: aBoard(20).rows.slice(5) }),
  mail,
  year: composeYear('web', aBoard(22).rows[21]?.nights ?? []),
};
const WIDTHS = [390, 1280, 1920];

describe('in a browser', () => {
  for (const [name, html] of Object.entries(PAGES)) {
    for (const scheme of ['light', 'dark'] as const) {
      it.each(WIDTHS)(
        `the ${name} page in ${scheme} fits %i px, and axe finds nothing`,
        async (width) => {
          const page = await openPage(browser, html, { width, scheme });
          await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`) });
          const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
          expect(wide).toBeLessThanOrEqual(width);
          expect(await findBarriers(page)).toEqual([]);
          await page.close();
        },
      );
    }
  }

  it('a row opens by mouse and by key, with no script, to what to do', async () => {
    const page = await openPage(browser, PAGES.fleet, { width: 1280, scheme: 'light' });
    const step = page.getByText("ssh web 'sudo rollcall-backup run'").first();
    expect(await step.isVisible()).toBe(false);
    await page.getByText('MISSING, 2 days').click();
    expect(await step.isVisible()).toBe(true);
    await page.screenshot({ path: join(folder, 'open-light-1280.png') });
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press('Enter');
    expect(await step.isVisible()).toBe(false);
    await page.close();
  });

  it('two thousand hosts are there within some seconds, on a machine that has other work too', async () => {
    const html = pageOf(aBoard(2000));
    const begun = performance.now();
    const page = await openPage(browser, html, { width: 1280, scheme: 'light' });
    await page.getByText('host-1999').waitFor({ state: 'attached' });
    expect(performance.now() - begun).toBeLessThan(5000);
    await page.close();
  });
});

describe('the picture in the README', () => {
  it('shows the page that the demo makes today; else: npm run picture', async () => {
    const file = join(folder, 'demo.html');
    const demo = ['scripts/demo/demo.ts', '--morning', '--page', file];
    await runProgram(process.execPath, demo);
    const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(readFileSync('docs/status-page.sha256', 'utf8').trim()).toBe(hash);
    expect(readFileSync('README.md', 'utf8')).toContain('docs/status-page.png');
  });
});
