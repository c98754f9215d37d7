// The message that one channel gets of what was judged, as a run composes it.
import { composeNotification } from '../../shared/messages/compose-notification.ts';
import { reportHost } from '../../shared/messages/host-report.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import type { Digest } from '../../shared/messages/report.ts';
import { type OwnNews, updateProblems } from '../../shared/monitor/problems.ts';
import type { Change } from '../../shared/rules/finding.ts';
import type { Judgement } from '../../shared/rules/judge.ts';
import { newsOf, noteNotified, type Problem } from '../../shared/rules/problem.ts';

export type Notified = {
  readonly message: Message | undefined;
  /** What is open once the channel has taken the message. */
  readonly problems: readonly Problem[];
};

const CHANNEL = 'mail';

/** `before` is what earlier messages left. */
export function notificationOf(
  at: number,
  judgements: readonly Judgement[],
  {
    before = [],
    news = [],
    changes = [],
    timezone = 'UTC',
    hostsInConfig = judgements.length,
    ...rest
  }: {
    readonly before?: readonly Problem[];
    readonly news?: readonly OwnNews[];
    readonly changes?: readonly Change[];
    readonly digest?: Digest;
    readonly timezone?: string;
    readonly hostsInConfig?: number;
    readonly account?: string;
  } = {},
): Notified {
  const { digest, ...ours } = rest;
  const hosts = judgements.map(({ host }) => host);
  const judged = judgements.map((one) => ({
    host: one.host,
    report: reportHost(one, timezone, changes),
  }));
  const found = { judged, news, hosts, channels: [{ name: CHANNEL }], timezone };
  const open = updateProblems(before, found, at);
  const notices = open.flatMap((problem) => {
    const told = newsOf(problem, { name: CHANNEL });
    return told === undefined ? [] : [{ problem, news: told }];
  });
  const about = { bucket: 'acme-backups', timezone, known: { ...ours, hosts } };
  return {
    message: composeNotification({ ...about, at, hostsInConfig, notices, open, digest }),
    problems: open.map((one) =>
      notices.some(({ problem }) => problem === one)
        ? noteNotified(one, one, [{ name: CHANNEL }], at)
        : one,
    ),
  };
}
