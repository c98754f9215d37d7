// Runs the local AWS for the kit's tests until it is ended: restore-local-aws.ts FILE-FOR-THE-ENDPOINT FILE-WITH-THE-CLOCK
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readerPolicy } from '../../scripts/stack/reader-policy.ts';
import { decide } from '../../shared/doctor/policy-decision.ts';
import { startLocalAws } from '../local-aws/local-aws.ts';

const [endpointFile, clockFile] = process.argv.slice(2);
if (endpointFile === undefined || clockFile === undefined) throw new Error('give two files');

/** The seconds in the clock file while it is there, so that objects can be written in the past. */
const now = (): number =>
  existsSync(clockFile) ? Number(readFileSync(clockFile, 'utf8')) * 1000 : Date.now();

const at = (prefix: string) => ({ name: 'web', target: { bucket: 'acme-backups', prefix } });
/** What `rollcall add-reader --drills` gives to the key that these tests restore with. */
const policy = readerPolicy([at('web/'), at('office/nas/')], 'aws', {
  ...{ requireMfa: false, until: undefined, drillsIn: 'acme-ledger' },
});

const aws = await startLocalAws({
  now,
  authorize: ({ principal, action, bucket, key, prefix }) => {
    if (principal === 'AKIANOVERSIONS') return ['s3:ListBucket', 's3:GetObject'].includes(action);
    if (principal !== 'AKIARESTORE') return true;
    const resource = `arn:aws:s3:::${bucket}${key === undefined ? '' : `/${key}`}`;
    const context: Record<string, string> = prefix === undefined ? {} : { 's3:prefix': prefix };
    return decide(policy, { principal, action, resource, context }) === 'allow';
  },
});
writeFileSync(`${endpointFile}.new`, aws.endpoint);
renameSync(`${endpointFile}.new`, endpointFile);
process.on('SIGTERM', () => void aws.close().then(() => process.exit(0)));
