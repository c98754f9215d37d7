// The webhooks of the config as channels: each is posted to by the function itself, with a deadline, in the format that
// its service wants.
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsCallError, askAws, type Connection, clientConfig, nameOf } from '../aws/client.ts';
import { type Config, SSM, type WebhookFormat } from '../config/config.ts';
import { CHANNEL_KEYS, type Hook, hooksOf } from '../config/recipients.ts';
import { composePosts, type Post } from '../messages/render-chat.ts';
import { type Channel, forHosts, RefusalError } from '../monitor/notify.ts';
import { shortHash } from '../monitor/state.ts';
import { isOwn, type Problem } from '../rules/problem.ts';

const TRIES = 2;

/** Why a try was refused; one that `mayPass` is tried once more, not before what the receiver asks to wait. */
type Refusal = { readonly reason: string; readonly mayPass: boolean; readonly waitMs?: number };

/**
 * One channel for each webhook. Its address is a secret, since anyone who has it may post: no error holds more of it
 * than its host. `send` throws `RefusalError` when two tries of `deadlineMs` each, `pauseMs` apart, did not take the
 * message.
 */
export function hookChannels(
  connection: Connection,
  config: Pick<Config, 'alerts' | 'hosts'>,
  { deadlineMs = 5_000, pauseMs = 500 } = {},
): Channel[] {
  // Where there are others, they tell of an address that refuses; alone, only a run that fails can.
  const isReported = (isOfAdmins: boolean) =>
    CHANNEL_KEYS.some((key) => (isOfAdmins || key !== 'webhooks') && config.alerts[key].length > 0);
  const channelOf = (hook: Hook): Channel => ({
    name: hook.name,
    isReported: isReported(hook.hosts !== undefined),
    send: async (message) => {
      const [url, key] = await Promise.all([
        readSecret(connection, hook.url, deadlineMs),
        hook.key && readSecret(connection, hook.key, deadlineMs),
      ]);
      if (URL.parse(url)?.protocol !== 'https:') {
        throw new RefusalError(
          `the parameter ${hook.url.slice(SSM.length)} holds no https:// address`,
        );
      }
      const events = await Promise.all(
        message.events.map(async (event) => ({ ...event, key: await shortHash(event.key) })),
      );
      const posts = composePosts({ ...message, events }, { format: hook.format, url, key });
      for (const one of posts) {
        await postOrRefuse(one, { deadlineMs, pauseMs });
      }
    },
    ...(PAGERS.includes(hook.format) && { isPager: true }),
    ...(hook.format === 'pagerduty' && { isNotified: hasEnd }),
  });
  return hooksOf(config).map((hook) => {
    const channel = channelOf(hook);
    return hook.hosts === undefined ? channel : forHosts(channel, hook.hosts);
  });
}

/** They get an event for each problem, and one for its end, of a warning too: else it would stay open there. */
const PAGERS: readonly WebhookFormat[] = ['pagerduty', 'ntfy'];

/** An incident that nothing ends would stay open; but a removal is one that a person must end. */
function hasEnd({ kind }: Problem): boolean {
  return !isOwn(kind) || kind === 'channel' || kind === 'unowned' || kind === 'digest';
}

async function postOrRefuse(
  one: Post,
  { deadlineMs, pauseMs }: { readonly deadlineMs: number; readonly pauseMs: number },
): Promise<void> {
  for (let left = TRIES; ; left -= 1) {
    const refusal = await post(one, deadlineMs);
    if (refusal === undefined) return;
    const { reason, mayPass, waitMs = 0 } = refusal;
    if (left === 1 || !mayPass || waitMs > deadlineMs) throw new RefusalError(reason);
    await sleep(Math.max(pauseMs, waitMs));
  }
}

/** What may lie in the parameter store. Throws `RefusalError` where it cannot be had from there. */
async function readSecret(
  connection: Connection,
  secret: string,
  deadlineMs: number,
): Promise<string> {
  if (!secret.startsWith(SSM)) return secret;
  const Name = secret.slice(SSM.length);
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(clientConfig(connection));
  try {
    const abortSignal = AbortSignal.timeout(deadlineMs);
    const command = new GetParameterCommand({ Name, WithDecryption: true });
    const answer = await askAws(
      `read the parameter ${Name}`,
      'ssm:GetParameter',
      () => client.send(command, { abortSignal }),
      ['ParameterNotFound'],
    );
    if (answer !== undefined) return answer.Parameter?.Value?.trim() ?? '';
    throw new RefusalError(`there is no parameter ${Name}: make it, or correct hosts.yml`);
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error;
    throw new RefusalError(`${error.message}; ${error.hint}`);
  } finally {
    client.destroy();
  }
}

async function post(
  { url, body, headers, isApi }: Post,
  deadlineMs: number,
): Promise<Refusal | undefined> {
  try {
    const answer = await fetch(url, {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', ...headers },
      // Followed, the message would go to an address that nobody wrote into hosts.yml.
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    });
    await answer.body?.cancel();
    const { ok, status, headers: answered } = answer;
    const isPage = isApi === true && answered.get('content-type')?.startsWith('text/html') === true;
    if (ok && !isPage) return undefined;
    const waitMs = Number(answered.get('retry-after') ?? 0) * 1000 || 0;
    const why =
      status >= 300 && status < 400
        ? ', a redirect, which is not followed'
        : ok
          ? ' with a web page, as no such service does'
          : waitMs > 0
            ? `, and asks to wait for ${waitMs / 1000} seconds`
            : '';
    return {
      ...{ reason: `answers ${status}${why}`, waitMs },
      mayPass: [408, 425, 429].includes(status) || status >= 500,
    };
  } catch (error) {
    const { name, cause } = error as Error;
    const reason =
      name === 'TimeoutError'
        ? `does not answer within ${deadlineMs / 1000} seconds`
        : `cannot be reached (${nameOf(cause ?? error)})`;
    return { reason, mayPass: true };
  }
}
