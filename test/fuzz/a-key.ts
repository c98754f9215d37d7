// Random public key files: recorded ones with bytes changed, cut anywhere.
import fc from 'fast-check';
import { readArmour } from '../../shared/openpgp/public-key.ts';
import { readFixture } from '../support/recorded.ts';
import { editedOf } from './a-head.ts';

const files = (JSON.parse(readFixture('keys/index.json')) as { file: string }[]).map(
  ({ file }) => file,
);
const recorded = [...new Set(files)].flatMap(
  (file) => readArmour(readFixture(`keys/${file}`)) ?? [],
);

/** The bytes of a key file. */
export const keyFiles: fc.Arbitrary<Uint8Array> = fc
  .tuple(editedOf(recorded), fc.oneof(fc.constant(undefined), fc.nat({ max: 1500 })))
  .map(([bytes, length]) => Uint8Array.from(bytes.slice(0, length)));
