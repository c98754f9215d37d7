import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import type { Report } from '../../shared/messages/report.ts';
import { composeStatusPage } from '../../shared/messages/status-page.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { aDigest, aFull, aHost, anObject, at, collected } from '../support/builders.ts';

const now = at('2026-11-23T08:15:00Z');
const full = aFull({ begun: '2026-11-23T03:00:00Z' });
const run = (judgements: Judgement[], report: Partial<Report> = {}) =>
  aDigest(now, judgements, { report });
const judgement = (name: string, ...objects: StoredObject[]) =>
  judge(aHost({ name }), collected(...objects), now);

describe('composeStatusPage', () => {
  it('shows the summary first, then the worst host, and when it was written', () => {
    const old = aFull({ begun: '2026-11-20T03:00:00Z' });
    const page = composeStatusPage(run([judgement('mail', ...full), judgement('web', ...old)]));
    const order = [
      '1 of 2 hosts FAILED: web MISSING',
      'Mon 23 Nov 08:15 2026',
      '>web <',
      '>mail <',
    ];
    const places = order.map((text) => page.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(page).toContain("Do now: <code>ssh web 'sudo rollcall-backup run'</code>");
  });

  it('contains no markup but its own, whatever a bucket contains', () => {
    const evil = '<script>alert(1)</script>\u202e"><img src=x onerror=y>';
    const page = composeStatusPage(
      run([judgement('web', ...full, anObject(evil))], {
        unknownHosts: [evil],
        unsearched: evil,
        bucket: evil,
      }),
    );
    const tags = new Set([...page.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag));
    expect([...tags].sort()).toEqual(
      [
        'b',
        'body',
        'h1',
        'h2',
        'head',
        'html',
        'li',
        'meta',
        'p',
        'section',
        'strong',
        'style',
        'title',
        'ul',
      ].sort(),
    );
    expect(page).toMatch(/^[\n -~]*$/);
  });

  it('stays small for ten thousand hosts', () => {
    const one = judgement('web');
    const page = composeStatusPage(run(Array.from({ length: 10_000 }, () => one)));
    expect(page.length).toBeLessThan(400_000);
    expect(page).toContain('And 9500 hosts more');
  });
});
