import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanUp } from '../../scripts/smoke/clean-up.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';

const script = resolve(import.meta.dirname, '../../scripts/smoke-aws.ts');
// An address at which nobody listens: whoever asked AWS anything would fail.
const env = { PATH: process.env.PATH, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
const account = ['--account', '111122223333'];
const region = ['--region', 'eu-central-1'];
const mail = ['--mail', 'me@example.net'];

describe('smoke-aws', () => {
  it.each([
    ['an account', [...region, ...mail], 'which account may it be done in?'],
    ['an account of twelve digits', ['--account', 'mine', ...region, ...mail], 'which account'],
    ['a region', [...account, ...mail], 'where?'],
    [
      'a region that is like the others',
      [...account, '--region', 'us-east-1', ...mail],
      'us-east-1',
    ],
    ['an address', [...account, ...region], 'who gets the mails?'],
    ['a name of its own to clean', [...account, ...region, '--clean', 'acme'], 'a name as a run'],
    ['options that it knows', ['--acount', '1'], '--acount'],
  ])('does nothing without %s', async (_, words, said) => {
    const run = runProgram('node', [script, ...words], { env });
    const error = await run.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProgramError);
    expect(error).toMatchObject({ status: 3, printed: expect.stringContaining(said) });
  });

  it('says what it would do, and asks AWS nothing, with --dry-run', async () => {
    const said = await runProgram('node', [script, ...account, ...region, ...mail, '--dry-run'], {
      env,
    });
    expect(said).toMatch(
      /in the account 111122223333, in eu-central-1:\nwould deploy the stack rollcall-smoke-\w{6}:/,
    );
    expect(said).toContain('would remove all of it');
  });

  it('has examples first in its help, and what it costs', async () => {
    const help = await runProgram('node', [script, '--help'], { env });
    expect(help.split('\n')[2]).toBe('Examples');
    expect(help).toContain('costs less than');
  });

  it('never takes another name for one of its own', async () => {
    const nobody = { region: 'eu-central-1', endpoint: 'http://127.0.0.1:9' };
    for (const name of ['', 'rollcall-prod', 'rollcall-smoke-', 'rollcall-smoke-abc123-x']) {
      await expect(cleanUp(nobody, name)).rejects.toThrow(RangeError);
    }
  });
});
