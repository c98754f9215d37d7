// `rollcall doctor`: is what is deployed what the roll asks for, and would anybody hear it?
import { parseArgs } from 'node:util';
import type { Connection } from '../../shared/aws/connection.ts';
import { auditStatus } from '../../shared/doctor/check.ts';
import { iso } from '../../shared/report/report.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import type { Roster } from '../../shared/roster/roster.ts';
import { toAsciiJson } from './ascii-json.ts';
import { auditToJson, composeAudit } from './doctor/compose-audit.ts';
import { startProgress } from './progress.ts';
import { readRoll } from './roll-file.ts';
import { UsageError } from './usage-error.ts';

export const DOCTOR_HELP = `rollcall doctor - is what is deployed what the roll asks for, and would anybody hear of trouble?

Examples
  rollcall doctor                              after each deployment, and once a month
  rollcall doctor --format json | jq '.checks[] | select(.status != "ok")'
  rollcall doctor --stack rollcall-test        another stage
  rollcall doctor --before-deploy              would a deploy be refused? sls deploy asks the same

It only reads: the stack, the bucket and its policies, the hosts' users and keys, topics, mail, SMS, alarms, and
when the last good run was. What it may not read is "????", and never counts as ok. Any credentials with the AWS
policy SecurityAudit, and s3:GetObject on the ledger, can run it.

Options
  --hosts FILE          the roll; default $ROLLCALL_HOSTS, else hosts.yml
  --stack NAME          the stack; default rollcall-prod
  --before-deploy       look only whether the bucket's name, the group's name and the stack's state allow a deploy
  --format FORMAT       table (default) or json
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  --help                this

Exit status
  0  all is well      1  a warning      2  something fails      3  something could not be looked at, or wrong usage
`;

/** Runs the command; returns its exit status. Throws errors with a hint. */
export async function runDoctor(args: readonly string[]): Promise<number> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      hosts: { type: 'string' },
      stack: { type: 'string', default: 'rollcall-prod' },
      'before-deploy': { type: 'boolean', default: false },
      format: { type: 'string', default: 'table' },
      'endpoint-url': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(DOCTOR_HELP);
    return 0;
  }
  const { format, stack: stackName } = options;
  if (format !== 'table' && format !== 'json') {
    throw new UsageError(`--format ${JSON.stringify(format)} is not known`, 'write table or json');
  }
  const { text, file, readKeyFile } = await readRoll(options.hosts);
  const roster = readRoster(text, file, readKeyFile);
  const { connect } = await import('./connection.ts');
  const connection = await connect(roster.region, options['endpoint-url']);
  const now = Date.now();
  const checks = options['before-deploy']
    ? await beforeDeploy(connection, roster, stackName)
    : await audit(connection, roster, stackName, now);
  const about = { checkedAt: iso(now), stack: stackName, bucket: roster.bucket };
  process.stdout.write(
    format === 'json' ? `${toAsciiJson(auditToJson(checks, about))}\n` : composeAudit(checks),
  );
  return auditStatus(checks);
}

async function audit(connection: Connection, roster: Roster, stackName: string, now: number) {
  const progress = startProgress('host');
  const { examine } = await import('./doctor/examine.ts');
  const checks = await examine({ connection, roster, stackName, now, onHost: progress.tell });
  progress.end();
  return checks;
}

async function beforeDeploy(connection: Connection, roster: Roster, stackName: string) {
  const { examineBeforeDeploy } = await import('../stack/before-deploy.ts');
  return examineBeforeDeploy(connection, roster, stackName);
}
