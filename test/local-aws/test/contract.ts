// The contract: what AWS does that Rollcall builds on, to be kept by every AWS it is tested on.
import { describe, expect, it } from 'vitest';
import { bucketChecks } from './contract-buckets.ts';
import { channelChecks } from './contract-channels.ts';
import { listingChecks } from './contract-listings.ts';
import { objectChecks } from './contract-objects.ts';
import { type ContractCheck, type ContractTarget, runCheck } from './contract-target.ts';

/** Every check, in the order of the services. */
export const contract: readonly ContractCheck[] = [
  ...bucketChecks,
  ...objectChecks,
  ...listingChecks,
  ...channelChecks,
];

/**
 * Registers a test for every check. A check that this emulator is known to fail is run all the same: it must fail, or
 * its mark is out of date; it shows under its name with the reason, and all of them are counted in a test of their own.
 */
export function describeContract(
  title: string,
  target: () => ContractTarget,
  emulator?: keyof NonNullable<ContractCheck['differs']>,
  checks: readonly ContractCheck[] = contract,
  nameOf: (check: ContractCheck) => string = ({ name }) => name,
): void {
  const reasonOf = (check: ContractCheck) =>
    emulator === undefined ? undefined : check.differs?.[emulator];
  const differing = checks.filter((check) => reasonOf(check) !== undefined);
  describe(title, () => {
    for (const check of checks) {
      const reason = reasonOf(check);
      if (reason === undefined) it(nameOf(check), () => runCheck(check, target()));
      else {
        it(`DIFFERS from AWS (${reason}): ${nameOf(check)}`, async () => {
          const failure: unknown = await runCheck(check, target()).then(
            () => expect.fail('it now does what AWS does: take its mark off the contract'),
            (error: unknown) => error,
          );
          // An answer that is not AWS's; no answer at all is no known difference.
          expect(isAnswer(failure), String(failure)).toBe(true);
        });
      }
    }
    it(`keeps ${checks.length - differing.length} of ${checks.length} checks`, () => {
      for (const check of differing) {
        process.stderr.write(`${title}: ${check.name} - ${reasonOf(check)}\n`);
      }
    });
  });
}

function isAnswer(failure: unknown): boolean {
  const { name, $metadata } = failure as {
    name?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return name === 'AssertionError' || $metadata?.httpStatusCode !== undefined;
}
