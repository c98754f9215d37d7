// Holds the local AWS to the contract.
import { afterAll, beforeAll } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws.ts';
import { describeContract } from './contract.ts';

let aws: LocalAws;

beforeAll(async () => {
  aws = await startLocalAws({ clicksLinks: false });
});

afterAll(() => aws.close());

describeContract('the local AWS', () => aws);
