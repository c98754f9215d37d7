// Runs the local AWS for the kit's tests until it is ended: restore-local-aws.ts FILE-FOR-THE-ENDPOINT FILE-WITH-THE-CLOCK
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { startLocalAws } from '../../scripts/demo/aws/local-aws.ts';

const [endpointFile, clockFile] = process.argv.slice(2);
if (endpointFile === undefined || clockFile === undefined) throw new Error('give two files');

/** The seconds in the clock file while it is there, so that objects can be written in the past. */
const now = (): number =>
  existsSync(clockFile) ? Number(readFileSync(clockFile, 'utf8')) * 1000 : Date.now();

const aws = await startLocalAws({ now });
writeFileSync(`${endpointFile}.new`, aws.endpoint);
renameSync(`${endpointFile}.new`, endpointFile);
process.on('SIGTERM', () => void aws.close().then(() => process.exit(0)));
