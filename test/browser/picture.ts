// `npm run picture`: the page of the demo's fleet as docs/status-page.png, and of which page it was taken.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPage, startBrowser } from './open-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-picture-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'demo.html');
execFileSync(process.execPath, ['scripts/demo/demo.ts', '--morning', '--page', file]);
const html = readFileSync(file, 'utf8');
const browser = await startBrowser();
try {
  const page = await openPage(browser, html, { width: 1100, height: 760, scheme: 'light' });
  await page.screenshot({ path: 'docs/status-page.png' });
  const hash = createHash('sha256').update(html).digest('hex');
  writeFileSync('docs/status-page.sha256', `${hash}\n`);
} finally {
  await browser.close();
}
