// Starts the local AWS for the host kit's tests and holds each key to the policy of a host: list, and put duplicity's encrypted objects below its own name.
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { hostGroup } from '../../scripts/stack/host-group.ts';
import { startLocalAws } from '../local-aws/local-aws.ts';

// host-s3-server.ts FILE: writes two lines to FILE, the endpoint and the address where a test says
// POST /fault (a rule, JSON), /clear, and asks GET /keys?PREFIX, /requests. The bucket is `backups`,
// the access key id of host web is AKIAWEB.
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('give a file');
const bucket = 'backups';
const hostOf = (principal: string): string => principal.slice('AKIA'.length).toLowerCase();

// The policy below is written out by hand; this fails when the stack's own one changes.
const actions = JSON.stringify(hostGroup(bucket));
for (const one of [
  's3:PutObject',
  's3:AbortMultipartUpload',
  's3:ListBucket',
  '*duplicity-*.gpg',
]) {
  if (!actions.includes(one)) throw new Error(`the stack's policy of hosts has no ${one} any more`);
}

const aws = await startLocalAws({
  authorize: ({ action, bucket: asked, key, prefix, principal }) => {
    if (principal === 'AKIALOCALADMIN') return true;
    if (!/^AKIA(WEB|DB)$/.test(principal) || asked !== bucket) return false;
    const own = `${hostOf(principal)}/`;
    if (action === 's3:ListBucket') return prefix === undefined || prefix.startsWith(own);
    if (action !== 's3:PutObject' && action !== 's3:AbortMultipartUpload') return false;
    return key?.startsWith(own) === true && /duplicity-.*\.gpg$/.test(key);
  },
});
aws.createBucket(bucket, { versioning: true });

const listVersions = async (prefix: string): Promise<unknown> => {
  const client = new S3Client({
    ...{ endpoint: aws.endpoint, region: aws.region, forcePathStyle: true },
    credentials: aws.credentials,
  });
  const { Versions = [] } = await client.send(
    new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix }),
  );
  client.destroy();
  return Versions.map(({ Key, Size }) => `${Size} ${Key}`);
};

const control = createServer(async (request, response) => {
  const { pathname, search } = new URL(request.url ?? '/', 'http://control');
  const body = await text(request);
  const argument = decodeURIComponent(search.slice(1));
  if (pathname === '/fault') aws.faults.add(JSON.parse(body));
  if (pathname === '/clear') {
    aws.faults.clear();
    aws.requests.clear();
  }
  if (pathname === '/put') aws.put(bucket, argument, body);
  let lines: unknown = [];
  if (pathname === '/keys') lines = await listVersions(argument);
  if (pathname === '/requests') {
    lines = aws.requests.records.map((one) => `${one.status} ${one.operation} ${one.key ?? ''}`);
  }
  response.end((lines as readonly string[]).map((line) => `${line}\n`).join(''));
});
control.listen(0, '127.0.0.1', () => {
  const { port } = control.address() as AddressInfo;
  writeFileSync(`${file}.new`, `${aws.endpoint}\nhttp://127.0.0.1:${port}\n`);
  renameSync(`${file}.new`, file);
});
process.on('SIGTERM', () => process.exit(0));
