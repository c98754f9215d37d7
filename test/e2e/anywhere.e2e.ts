// A run on a machine of one's own, against the two stores that need nothing to be built.

import { describeKitPath } from '../anywhere/kit-path.ts';
import { describeWholePath } from '../anywhere/whole-path.ts';
import { startLocalAws } from '../local-aws/local-aws.ts';

const TEST = { accessKeyId: 'test', secretAccessKey: 'test' };

const useMinistack = async () => ({
  ...{ endpoint: process.env.ROLLCALL_E2E_ENDPOINT ?? '', region: 'eu-west-1' },
  credentials: TEST,
  stop: async () => undefined,
});

describeWholePath('MiniStack', useMinistack, { versions: true });

describeKitPath('MiniStack', useMinistack, { versions: true, virtual: false });

describeWholePath(
  'the local AWS',
  async () => {
    const { endpoint, region, credentials, close } = await startLocalAws();
    return { endpoint, region, credentials, stop: close };
  },
  { versions: true },
);
