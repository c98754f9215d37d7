// Holds AWS itself to the contract, and to what no emulator can show.
import { contract, describeContract } from '../demo/aws/contract.ts';
import { stackChecks, type Trial } from './stack-checks.ts';

const { ROLLCALL_SMOKE } = process.env;
if (ROLLCALL_SMOKE === undefined) throw new Error('run it by: npm run smoke-aws -- --help');
const trial = JSON.parse(ROLLCALL_SMOKE) as Trial & { emulator: '' | 'ministack' };
const target = {
  endpoint: trial.endpoint,
  region: trial.region,
  credentials: undefined,
  // Nobody's mailbox is asked anything here.
  click: () => {},
};

describeContract('AWS', () => target, trial.emulator || undefined, [
  ...contract.filter(({ emulatedOnly }) => emulatedOnly === undefined),
  ...stackChecks(trial),
]);
