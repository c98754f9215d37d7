// Holds MiniStack, on which the end-to-end suite deploys, to the contract that the local AWS keeps.
import { describe, expect, it } from 'vitest';
import { describeContract } from '../local-aws/test/contract.ts';

const endpoint = process.env.ROLLCALL_E2E_ENDPOINT;

if (endpoint === undefined || endpoint === '') {
  describe('MiniStack', () => {
    it('is running, and ROLLCALL_E2E_ENDPOINT says where', () => {
      expect.fail(
        'ROLLCALL_E2E_ENDPOINT is not set: start MiniStack 1.5.33 ' +
          '(BIND_HOST=127.0.0.1 GATEWAY_PORT=4566 ministack) and run again with ' +
          'ROLLCALL_E2E_ENDPOINT=http://127.0.0.1:4566',
      );
    });
  });
} else {
  const target = {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    // MiniStack mails nobody: it confirms by itself, or not at all.
    click: () => {},
  };
  describeContract('MiniStack', () => target, 'ministack');
}
