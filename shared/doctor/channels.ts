// The ways an alarm takes: which of them are open, and what has changed since somebody last looked.
import type { Alerts, Config } from '../config/config.ts';
import {
  alertSubscribers,
  type ChannelKey,
  HTTPS_IS_OLD,
  hooksOf,
  NO_OPS,
  NOBODY_NOTIFIED,
  opsSubscribers,
  recipientsOf,
  textedOnly,
} from '../config/recipients.ts';
import { HOUR, type Instant } from '../duplicity/time.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';
import { step } from './fix.ts';
import {
  judgeMail,
  judgeSms,
  judgeSubscriptions,
  type MailAccount,
  type SmsAccount,
  type Subscription,
} from './mail-and-texts.ts';

/** What AWS knows of each channel, and the state bucket of those that only a post can check. */
export type ChannelReadings = {
  readonly alertsTopic: Reading<readonly Subscription[]>;
  readonly opsTopic: Reading<readonly Subscription[]>;
  readonly mail: Reading<MailAccount>;
  readonly sms: Reading<SmsAccount>;
  readonly refusals: Reading<Refusals>;
};

/** How a way stands, and since when it was seen so. */
export type ChannelState = Check & { readonly since: Instant };

/** All ways, as they were when somebody last looked. */
export type ChannelStates = {
  readonly lookedAt: Instant;
  readonly states: readonly ChannelState[];
};

const OPS = 'ops topic';

/** The ARNs of both topics. */
export type Topics = { readonly alerts: string; readonly ops: string };

/** Everything that could keep an alarm from somebody on the config. */
export function judgeChannels(
  readings: ChannelReadings,
  config: Config,
  topics: Topics,
): readonly Check[] {
  const { alerts } = config;
  return [
    ...judgeRecipients(alerts),
    ...judgeSubscriptions(
      { check: 'alerts topic', arn: topics.alerts, texted: textedOnly },
      readings.alertsTopic,
      alertSubscribers(alerts),
    ),
    ...judgeSubscriptions(
      { check: OPS, arn: topics.ops },
      readings.opsTopic,
      opsSubscribers(alerts),
    ),
    ...Object.values(JUDGES).flatMap((judge) => judge(readings, config)),
  ];
}

/** Whether an alarm would arrive at each key of `alerts`, next to what the topics say. */
const JUDGES: {
  readonly [Key in ChannelKey]: (readings: ChannelReadings, config: Config) => readonly Check[];
} = {
  mail: ({ mail }, config) => judgeMail(mail, config),
  sms: ({ sms }, config) => judgeSms(sms, config),
  webhooks: ({ refusals }, config) => judgeHooks(refusals, config),
};

/** Says nothing where somebody is notified, also of trouble with the monitor: the other checks say how. */
function judgeRecipients(alerts: Alerts): readonly Check[] {
  const check = 'recipients';
  switch (recipientsOf(alerts)) {
    case 'some':
      return opsSubscribers(alerts).length > 0
        ? []
        : [
            warn(
              check,
              NO_OPS.message,
              step('edit-config', `${NO_OPS.fix}; then: npx serverless deploy`),
            ),
          ];
    case 'none':
      return [ok(check, 'nobody is notified, as hosts.yml says: alerts: none')];
    case 'missing':
      return [
        fail(
          check,
          NOBODY_NOTIFIED.message,
          step('edit-config', `${NOBODY_NOTIFIED.fix}; then: npx serverless deploy`),
        ),
      ];
  }
}

/** What is still read, and has a better name now. */
export function judgeOldKeys({ hasHttps }: Alerts): readonly Check[] {
  const { message, fix } = HTTPS_IS_OLD;
  return hasHttps === true ? [warn('webhooks', message, step('edit-config', fix))] : [];
}

/** Once an hour: what is dead is dead for days, and each look costs a few calls. */
export function isLookDue(lastCheck: ChannelStates | undefined, now: Instant): boolean {
  return lastCheck === undefined || now - lastCheck.lookedAt >= HOUR;
}

/** What a look found, with since when. What was dead and cannot be looked at now stays dead: it is not repaired. */
export function compareChannels(
  before: ChannelStates | undefined,
  checks: readonly Check[],
  lookedAt: Instant,
): ChannelStates {
  const known = before?.states ?? [];
  const isSame = (a: Check, b: Check) =>
    a.check === b.check && a.status === b.status && a.says === b.says;
  const unseen = new Set(
    checks.flatMap(({ check, status }) => (status === 'unknown' ? check : [])),
  );
  const dead = known.filter(({ status, check }) => status === 'fail' && unseen.has(check));
  const found = checks.map((check) => ({
    ...check,
    since: known.find((one) => isSame(one, check))?.since ?? lookedAt,
  }));
  return {
    lookedAt,
    states: [...dead.filter((one) => !found.some((other) => isSame(one, other))), ...found],
  };
}

/** The addresses of the config to which no alert gets through; the topic that only alarms ring is another matter. */
export function silentAddresses(states: readonly ChannelState[]): ReadonlySet<string> {
  return new Set(
    states.flatMap((state) =>
      state.status === 'fail' && state.check !== OPS ? (state.silent ?? []) : [],
    ),
  );
}

/** By the name of a channel: since when it has taken no message, and what it answered first. */
export type Refusals = ReadonlyMap<string, { readonly since: Instant; readonly says: string }>;

/** One line for each webhook of the config, by its name. */
export function judgeHooks(
  reading: Reading<Refusals>,
  config: Pick<Config, 'alerts' | 'hosts'>,
  isDeployed = true,
): readonly Check[] {
  const hooks = hooksOf(config);
  if (hooks.length === 0) return [];
  return judgeReading('hooks', reading, (refusals) =>
    hooks.map(({ name, stands }) => {
      const refusal = refusals.get(name);
      return refusal === undefined
        ? ok(name, 'has refused no message')
        : fail(
            name,
            `takes no message: ${refusal.says}`,
            step(
              'edit-config',
              `is its address in hosts.yml, ${stands}, still right? correct it,${isDeployed ? ' npx serverless deploy,' : ''} npx rollcall test-alert`,
            ),
          );
    }),
  );
}
