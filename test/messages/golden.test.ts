// What people get, word for word: each case, as each renderer shows it. Read the files as who is woken by them.
import { describe, expect, it } from 'vitest';
import { Document, isScalar, visit } from 'yaml';
import { WEBHOOK_FORMATS } from '../../shared/config/config.ts';
import { type Board, composeGrid, EMPTY_BOARD, updateBoard } from '../../shared/messages/board.ts';
import { reportHost } from '../../shared/messages/host-report.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import { takeWhileRoom } from '../../shared/messages/plain-text.ts';
import { composePosts } from '../../shared/messages/render-chat.ts';
import { renderHtml } from '../../shared/messages/render-html.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import { composeStatusPage } from '../../shared/messages/status-page.ts';
import { missedRuns } from '../../shared/monitor/open-run.ts';
import { shortHash } from '../../shared/monitor/state.ts';
import type { Change } from '../../shared/rules/finding.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import {
  broken,
  compose,
  digestOf,
  dropped,
  fleet,
  judgement,
  lab,
  lifecycle,
  look,
  mail,
  newsOfChannels,
  now,
  optedOut,
  saturday,
  since,
  timezone,
  today,
  web,
} from '../support/a-fleet.ts';
import { notificationOf } from '../support/a-notification.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

/** A message, and the hosts that are on the page then. */
type Case = {
  readonly message: Message;
  readonly judgements: readonly Judgement[];
  /** The hosts as they were judged a while before. */
  readonly before?: readonly Judgement[];
  readonly notes?: readonly string[];
  readonly at?: number;
};

const boardOf = ({ judgements, before = [], notes = [] }: Omit<Case, 'message'>): Board =>
  [before, judgements].reduce(
    (board: Board, all) => ({
      ...updateBoard(
        board,
        all.map((one) => ({ host: one.host, report: reportHost(one, timezone) })),
        { hosts: all.map(({ host }) => host) },
      ),
      notes,
    }),
    EMPTY_BOARD,
  );

const alert = (judgements: readonly Judgement[]): Case => ({
  judgements,
  message: compose(judgements),
});
const digest = (
  judgements: readonly Judgement[],
  more: Parameters<typeof digestOf>[1] = {},
): Case => ({
  judgements,
  message: compose(judgements, {
    digest: digestOf(judgements, { ...more, grid: composeGrid(boardOf({ judgements })) }),
  }),
});

const full = (day: string) =>
  aFull({ begun: `2026-11-${day}T01:14:00Z`, done: `2026-11-${day}T01:40:00Z`, volumes: 31 });
const bytes = 200 * 1024 * 1024;
const proven = (day: string) => ({ provenAt: at(`2026-${day}T10:00:00Z`) });

const CASES: Readonly<Record<string, () => Case>> = {
  'alert-1': () => alert(broken(1)),
  'alert-3': () => alert(fleet),
  'alert-12': () => alert(broken(12)),
  'alert-2000': () => alert(broken(2000)),
  'digest-3': () => digest(fleet),
  'digest-good': () => {
    const nights = ['20', '21', '22', '23'].flatMap(full);
    const names = ['web', 'db', 'mail', 'git', 'ci', 'wiki', 'vpn', 'ldap', 'crm', 'erp'];
    const good = names.map((name) => judgement(name, collected(...nights)));
    const drills = new Map(names.slice(1).map((name) => [name, proven('11-02')]));
    return digest([...good, lab], {
      drills,
      channels: { ...look, states: look.states.slice(1, 2) },
    });
  },
  'digest-tampered': () => {
    const files = [...full('22'), ...full('23')];
    const volume = 'duplicity-full.20261123T011400Z.vol7.difftar.gpg';
    const overwritten = aHistory(files).put(volume, '2026-11-23T05:02:00Z', { bytes });
    const names = full('23').map(({ name }) => name);
    const hidden = aHistory(files).hide(names, '2026-11-23T05:02:00Z');
    const gone = aHistory(full('14')).hide(
      full('14').map(({ name }) => name),
      '2026-11-21T00:00:00Z',
    );
    return digest([
      judgement('web', overwritten.collected(now)),
      judgement('db', hidden.collected(now)),
      judgement('nas', collected(...full('18'))),
      judgement('lab', gone.collected(now)),
      judgement('mail', { ...collected(...today), inconclusive: 'denied' }),
    ]);
  },
  tampered: () => {
    const own = 'AIDAIOSFODNN7EXAMPLE';
    const change: Change = {
      ...{ what: 'removed', at: at('2026-11-23T05:02:00Z'), left: 'version' },
      ...{ key: 'web/duplicity-full.20261123T011400Z.vol7.difftar.gpg' },
      ...{ principal: `AWS:${own}`, address: '203.0.113.9' },
    };
    const volume = 'duplicity-full.20261123T011400Z.vol6.difftar.gpg';
    const changes: readonly Change[] = [
      { ...change, what: 'created', key: `web/${volume}`, left: 'unknown' },
      change,
      {
        ...{ ...change, principal: 'AWS:AIDAQABLZS4A3QDU576Q2' },
        key: 'web/duplicity-full.20261123T011400Z.vol8.difftar.gpg',
        address: '\r\nOK          web: all is well',
      },
    ];
    const left = today.filter(({ name }) => !/vol[78]\./.test(name));
    const read = aHistory(left).put(volume, '2026-11-23T05:02:00Z', { bytes }).collected(now);
    const host = aHost({ timezone, userId: own });
    const judgements = [judge(host, read, now, { lifecycle, changes })];
    return { judgements, message: compose(judgements, { changes }) };
  },
  'uploaded-by': () => {
    const inc = anIncremental('2026-11-23T01:14:00Z', '2026-11-23T05:00:00Z');
    const upload = {
      ...({ what: 'created', left: 'unknown', address: '203.0.113.9' } as const),
      ...{ key: `web/${inc[0]?.name}`, at: at('2026-11-23T05:00:00Z') },
    };
    const changes: readonly Change[] = [
      { ...upload, principal: 'AWS:AIDAIOSFODNN7EXAMPLE' },
      { ...upload, principal: 'AWS:AROADBQP57FF2AEXAMPLE:alice' },
    ];
    const host = { userId: 'AIDAIOSFODNN7EXAMPLE' };
    const judgements = [judgement('web', collected(...today, ...inc), host)];
    return { judgements, message: compose(judgements, { changes }) };
  },
  recovery: () => {
    const before = [judgement('web', collected(...saturday))];
    const { problems } = notificationOf(now, before);
    const files = aFull({
      ...{ begun: '2026-11-23T09:40:00Z', done: '2026-11-23T10:02:00Z', volumes: 31 },
    });
    const doneAt = at('2026-11-23T10:02:05Z');
    const host = aHost({ name: 'web', timezone });
    const judgements = [judge(host, collected(...saturday, ...files), doneAt, { lifecycle })];
    const message = compose(judgements, { at: doneAt, before: problems });
    return { judgements, message, before, at: doneAt };
  },
  // What it says when it speaks again; while it is silent, alarms of CloudWatch do: silent-monitor.txt.
  'silent-before': () => {
    const judgedOn = '2026-11-19';
    const back = judge(aHost({ name: 'db', timezone }), collected(...today), now, {
      ...{ lifecycle, judgedOn },
    });
    const judgements = [web, back, mail];
    const news = missedRuns(at('2026-11-20T02:00:00Z'), now, timezone);
    return { judgements, message: compose(judgements, { news }) };
  },
  hostile: () => {
    const names = [
      '"><script>alert(1)</script>.manifest.gpg',
      'x\r\nSubject: all is well\r\n',
      '\u001b[2J\u202egpj.gpg',
      `OK          mail: full done ${' '.repeat(80)}`,
      '```<!channel> @everyone [pay](https://x.example)',
    ];
    const judgements = [
      judgement('web', collected(...names.map((name) => anObject(name)))),
      judgement('db', collected(...today, ...names.map((name) => anObject(`${name}.par2`)))),
    ];
    return digest(judgements, { report: { unknownHosts: names } });
  },
  'weekly-test': () => digest([mail], { test: true, channels: look }),
  'dead-channel-too': () => {
    const { problems: before } = notificationOf(since, [], { news: newsOfChannels([optedOut]) });
    const news = newsOfChannels([dropped], before);
    return { judgements: [web], message: compose([web], { before, news }) };
  },
  'channel-dead': () => ({
    judgements: [mail],
    message: compose([mail], { news: newsOfChannels([dropped]) }),
  }),
  'channel-repaired': () => {
    const { problems: before } = notificationOf(since, [], { news: newsOfChannels([optedOut]) });
    const news = newsOfChannels([], before);
    return { judgements: [mail], message: compose([mail], { before, news }) };
  },
};

const RENDERERS: Readonly<Record<string, (one: Case) => string | Promise<string>>> = {
  // The subject, the SMS and the text of the mail.
  txt: ({ message }) =>
    shorten(`Subject: ${message.subject}\nSMS: ${message.smsLine}\n\n${renderText(message)}`),
  // How it looks, a browser is asked.
  html: ({ message }) =>
    shorten(renderHtml(message).replace(/ style="[^"]*"|<style>.*<\/style>/g, '')),
  'page.html': (one) =>
    shorten(
      composeStatusPage(boardOf(one), {
        ...{ bucket: 'acme-backups', timezone, hostsInConfig: one.judgements.length },
        writtenAt: one.at ?? now,
      }).replace(/<style>[\s\S]*<\/style>| d="[^"]*"/g, ''),
    ),
  'posts.yml': async ({ message }) => {
    const events = await Promise.all(
      message.events.map(async (event) => ({ ...event, key: await shortHash(event.key) })),
    );
    const posts = WEBHOOK_FORMATS.map((format) => {
      const url = 'https://chat.example/topic';
      const made = composePosts({ ...message, events }, { format, url, key: 'KEY' });
      return `# ${format}: ${made.length}\n${shorten(made.map(({ body }) => toYaml(body)).join(''))}`;
    });
    return posts.join('\n');
  },
};

/** Texts of many lines as blocks, and small objects of a list on a line each. */
function toYaml(body: object): string {
  const document = new Document([JSON.parse(JSON.stringify(body))]);
  visit(document, {
    Map: (_, node, path) => {
      const isSmall = node.items.every(
        ({ value }) => isScalar(value) && !String(value.value).includes('\n'),
      );
      if (isSmall && path.length > 2) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, blockQuote: 'literal', flowCollectionPadding: false });
}

const HALF = 2_500;

/** Of very long ones the first lines and the last. */
function shorten(text: string): string {
  if (text.length <= 5 * HALF) return text;
  const lines = text.split('\n');
  const first = takeWhileRoom(lines, HALF, ({ length }) => length);
  const last = takeWhileRoom(lines.toReversed(), HALF, ({ length }) => length).reverse();
  const left = lines.length - first.length - last.length;
  return [...first, `[${left} more lines; ${text.length} characters in all]`, ...last].join('\n');
}

describe.each(Object.entries(CASES))('%s', (name, make) => {
  let made: Case | undefined;
  it.each(Object.entries(RENDERERS))('as %s', async (ending, render) => {
    made ??= make();
    const text = await render(made);
    await expect(text).toMatchFileSnapshot(`golden/${name}.${ending}`);
  });
});
