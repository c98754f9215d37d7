// Does S3 take away what is old, no sooner than the roll says, and leave the time to bring it back?
import type { Roster } from '../roster/roster.ts';
import { EXPIRE_TAG } from '../verdict/lifecycle.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

/** One rule that is switched on. */
export type LifecycleRule = {
  readonly id: string;
  /** Only objects below it; '' = all. */
  readonly prefix: string;
  /** Only objects with this tag, `key=value`; `undefined` = with any or none. */
  readonly tag: string | undefined;
  readonly expireDays: number | undefined;
  /** `2026-12-01`: it hides everything from that day on. */
  readonly expireDate: string | undefined;
  readonly noncurrentDays: number | undefined;
  readonly abortDays: number | undefined;
  readonly sweepsMarkers: boolean;
};

const ADVISED_DAYS = 30;
const TAG = `${EXPIRE_TAG.key}=${EXPIRE_TAG.value}`;

/** `undeleteDays`: how long the stack keeps what was hidden. */
export function judgeLifecycle(
  reading: Reading<readonly LifecycleRule[]>,
  { keepDays, keepLastGood, existing, bucket }: Roster,
  undeleteDays: number,
): readonly Check[] {
  const repair = existing
    ? `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket}, all rules in one document; for the days, "keepDays" in hosts.yml may be what is wrong`
    : 'npx serverless deploy';
  const check = 'lifecycle';
  const hidden = keepLastGood ? `backups tagged ${TAG} are hidden` : 'backups are hidden';
  return judgeReading(check, reading, (rules) => {
    const untagged = rules.filter(({ tag }) => tag === undefined);
    const hiding = keepLastGood ? rules.filter(({ tag }) => tag === TAG) : untagged;
    const whole = untagged.filter(({ prefix }) => prefix === '');
    const least = (days: (rule: LifecycleRule) => number | undefined, of = whole) =>
      Math.min(...of.map((rule) => days(rule) ?? Number.POSITIVE_INFINITY));
    const kept = least(
      (rule) => rule.expireDays,
      hiding.filter(({ prefix }) => prefix === ''),
    );
    const noncurrent = least((rule) => rule.noncurrentDays);
    const short = hiding.find(
      ({ prefix, expireDays }) =>
        prefix !== '' && expireDays !== undefined && expireDays < keepDays,
    );
    const dated = untagged.find(({ expireDate }) => expireDate !== undefined);
    const blunt = untagged.find(({ expireDays }) => keepLastGood && expireDays !== undefined);
    const checks = [
      kept < keepDays
        ? fail(check, `${hidden} after ${kept} days, and the roll says ${keepDays}`, repair)
        : kept > keepDays
          ? warn(
              check,
              `${Number.isFinite(kept) ? `${hidden} after ${kept} days` : 'nothing is ever hidden'}, and the roll says ${keepDays}`,
              repair,
            )
          : undefined,
      blunt === undefined
        ? undefined
        : fail(
            check,
            `the rule ${JSON.stringify(blunt.id)} asks for no tag, and so hides the last good backup too, after ${blunt.expireDays} days`,
            `take that rule out: ${repair}`,
          ),
      dated === undefined
        ? undefined
        : fail(
            check,
            `the rule ${JSON.stringify(dated.id)} hides everything from ${dated.expireDate} on, however new it is`,
            `take that rule out: ${repair}`,
          ),
      noncurrent < undeleteDays
        ? fail(
            check,
            `what is hidden or overwritten is lost after ${noncurrent} days, not ${undeleteDays}`,
            repair,
          )
        : Number.isFinite(noncurrent)
          ? undefined
          : warn(check, 'what is hidden or overwritten is kept, and billed, for ever', repair),
      Number.isFinite(least((rule) => rule.abortDays))
        ? undefined
        : warn(
            check,
            'the parts of unfinished uploads stay, and are billed; no listing shows them',
            repair,
          ),
      whole.some((rule) => rule.sweepsMarkers)
        ? undefined
        : warn(check, 'delete markers pile up, and make every listing slower', repair),
      short === undefined
        ? undefined
        : fail(
            check,
            `the rule ${JSON.stringify(short.id)} hides what is below ${JSON.stringify(short.prefix)} after ${short.expireDays} days`,
            `take that rule out: ${repair}`,
          ),
    ].flatMap((one) => one ?? []);
    const said =
      checks.length > 0
        ? checks
        : [
            ok(
              check,
              `${hidden} after ${keepDays} days, and can be brought back for ${noncurrent} more`,
            ),
          ];
    return keepDays >= ADVISED_DAYS ? said : [...said, adviseMore(keepDays, keepLastGood)];
  });
}

function adviseMore(keepDays: number, keepLastGood: boolean): Check {
  return warn(
    'keepDays',
    keepLastGood
      ? `${keepDays} days are few: forged backups that nobody notices for so long replace the real ones`
      : `${keepDays} days are few: after so many days of failed backups nothing is left but what can be undeleted`,
    `set "keepDays: ${ADVISED_DAYS}" or more in hosts.yml, then: npx serverless deploy`,
  );
}
