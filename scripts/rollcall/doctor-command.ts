// `rollcall doctor`: is what is deployed what the config asks for, and would anybody hear it?
import { styleText } from 'node:util';
import type { Connection } from '../../shared/aws/client.ts';
import type { Config } from '../../shared/config/config.ts';
import { auditStatus, type Check } from '../../shared/doctor/audit.ts';
import type { Asked } from '../../shared/doctor/fix.ts';
import { iso } from '../../shared/messages/host-report.ts';
import { count, toAscii, wrapText } from '../../shared/messages/plain-text.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import { configFileOf, openAws, openStore, readConfig } from './config-file.ts';
import { toAsciiJson } from './format-report.ts';
import { findStatePlace, formatPlace, openRecords, type StatePlace } from './state-place.ts';
import { chooseFormat, startProgress } from './terminal.ts';

const DEFAULT_STACK = 'rollcall-prod';

const HELP = `rollcall doctor - is what is deployed what the config asks for, and would anybody hear of trouble?

Examples
  rollcall doctor                              after each deployment, and once a month
  rollcall doctor --format json | jq '.checks[] | select(.status != "ok")'
  rollcall doctor --stack rollcall-test        another stage
  rollcall doctor --state /var/lib/rollcall    the run on a machine of your own, and its mail server
  rollcall doctor --before-deploy              would a deploy be refused? sls deploy asks the same

It only reads: the stack, the bucket and its policies, the hosts' users and keys, topics, mail, SMS, alarms, and
when the last good run was. What it may not read is "????", and never counts as ok. Any credentials with the AWS
policies SecurityAudit and AmazonEventBridgeSchedulerReadOnlyAccess, and s3:GetObject on the state bucket, can run it.

Each line that is not ok ends with what to do. A command there repairs it by itself: paste it as it is, in this folder.
\`npx serverless deploy\` is printed only for what was never deployed: it does not bring back what was changed by hand.
A line with "--profile break-glass" needs that profile: docs/setup.md#who-may-do-what.

Options
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --state PLACE         the folder or s3://BUCKET/PREFIX of rollcall run; default $ROLLCALL_STATE
  --stack NAME          the stack; default rollcall-prod
  --before-deploy       look only whether the bucket's name, the group's name and the stack's state allow a deploy
  --format FORMAT       table (default) or json
  --json                the same as --format json
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  all is well      1  a warning      2  something fails      3  something could not be looked at, or wrong usage
`;

export const doctorCommand = defineCommand({
  help: HELP,
  options: {
    hosts: TEXT,
    state: TEXT,
    stack: { type: 'string', default: DEFAULT_STACK },
    'before-deploy': FLAG,
    format: TEXT,
    json: FLAG,
    'endpoint-url': TEXT,
  },

  run: async (options) => {
    const format = chooseFormat(options, ['table', 'json']);
    const stackName = options.stack;
    const config = await readConfig(options.hosts);
    const now = Date.now();
    const place = findStatePlace(options.state);
    if (place !== undefined) return auditOwnMachine(config, place, options, format);
    const connection = await openAws(config, options);
    // Named again in each fix, so that it is about the same stack and config.
    const asked = {
      ...(stackName === DEFAULT_STACK ? {} : { stack: stackName }),
      ...(options.hosts === undefined || options.hosts === '-' ? {} : { hosts: options.hosts }),
    };
    const checks = options['before-deploy']
      ? await beforeDeploy(connection, config, stackName)
      : await audit(connection, config, stackName, asked, now);
    const about = { checkedAt: iso(now), stack: stackName, bucket: config.bucket };
    process.stdout.write(
      format === 'json' ? `${toAsciiJson(auditToJson(checks, about))}\n` : composeAudit(checks),
    );
    return auditStatus(checks);
  },
});

async function audit(
  connection: Connection,
  config: Config,
  stackName: string,
  asked: Asked,
  now: number,
) {
  const progress = startProgress('host');
  const { examine } = await import('./examine.ts');
  const checks = await examine({
    ...{ connection, config, stackName, asked, now },
    onHost: progress.show,
  });
  progress.end();
  return checks;
}

/** Of the run on a machine of one's own. */
async function auditOwnMachine(
  config: Config,
  place: StatePlace,
  options: { readonly hosts?: string | undefined; readonly 'endpoint-url'?: string | undefined },
  format: 'table' | 'json',
): Promise<number> {
  const { examineOwnMachine } = await import('./own-examine.ts');
  const connection = await openStore(config, options);
  const records = await openRecords(place, async () => connection);
  const hostsFile = configFileOf(options.hosts);
  const now = Date.now();
  const checks = await examineOwnMachine({ config, connection, hostsFile }, place, records, now);
  const about = { checkedAt: iso(now), state: formatPlace(place), bucket: config.bucket };
  process.stdout.write(
    format === 'json' ? `${toAsciiJson(auditToJson(checks, about))}\n` : composeAudit(checks),
  );
  return auditStatus(checks);
}

async function beforeDeploy(connection: Connection, config: Config, stackName: string) {
  const { examineBeforeDeploy } = await import('../stack/deploy-hook.ts');
  return examineBeforeDeploy(connection, config, stackName);
}

const WORDS = { ok: 'ok', warn: 'WARN', fail: 'FAIL', unknown: '????' } as const;
const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red', unknown: 'magenta' } as const;
const WIDTH = 100;

/** A line a check; below what is not ok, what to do. What AWS told is shown as ASCII. */
function composeAudit(checks: readonly Check[]): string {
  const names = Math.max(...checks.map(({ check }) => check.length));
  const indent = ' '.repeat(names + 8);
  const lines = checks.flatMap((one) => {
    const word = styleText(COLOURS[one.status], WORDS[one.status].padEnd(4), {
      stream: process.stdout,
    });
    const [first = '', ...more] = wrapText(toAscii(one.says), Math.max(40, WIDTH - indent.length));
    const fix = 'fix' in one ? [`${indent}do now: ${toAscii(one.fix)}`] : [];
    return [
      `${word}  ${one.check.padEnd(names)}  ${first}`,
      ...more.map((line) => indent + line),
      ...fix,
    ];
  });
  return `${lines.join('\n')}\n\n${summarize(checks)}\n`;
}

/** Version 1: `{ version, checkedAt, stack, bucket, summary, checks }`; with --state `state` in place of `stack`. */
function auditToJson(
  checks: readonly Check[],
  about: Readonly<Record<'checkedAt' | 'bucket', string>> & { stack?: string; state?: string },
): Record<string, unknown> {
  const summary = Object.fromEntries(
    Object.keys(WORDS).map((status) => [
      status,
      checks.filter((one) => one.status === status).length,
    ]),
  );
  return { version: 1, ...about, summary, checks };
}

function summarize(checks: readonly Check[]): string {
  const how = (status: Check['status']) => checks.filter((one) => one.status === status).length;
  const unknown = how('unknown') === 0 ? '' : `, ${how('unknown')} could not be looked at`;
  return `${how('ok')} of ${count(checks.length, 'check')} ok, ${how('fail')} failed, ${count(how('warn'), 'warning')}${unknown}`;
}
