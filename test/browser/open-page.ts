// Chromium without a window, and one page in it: no script runs in it but ours, and nothing is fetched.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
// Without these Chromium looks for its maker's servers at every start.
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--hide-scrollbars'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  '--font-render-hinting=none',
];

/** Throws where there is no browser: then the suite fails, and says what to install. */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? PATHS.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error('there is no chromium: apt-get install chromium, or set CHROMIUM to its path');
  }
  return chromium.launch({ executablePath, args: QUIET });
}

export type Look = {
  readonly width: number;
  readonly height?: number;
  readonly scheme: 'light' | 'dark';
};

/** The page as its reader sees it. */
export async function openPage(
  browser: Browser,
  html: string,
  { width, height = 900, scheme }: Look,
): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: scheme,
    // Chromium's own rule would keep axe out, too.
    bypassCSP: true,
  });
  await page.route('**/*', (route) => route.abort());
  await page.setContent(html);
  return page;
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, all of its rules: one line for each element. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}

type AxeResults = {
  violations: { id: string; nodes: { html: string }[] }[];
};
