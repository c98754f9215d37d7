import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../scripts/rollcall/command-line.ts';
import { optionsIn } from '../../scripts/rollcall/completion-command.ts';
import { runAlone } from './run-rollcall.ts';

const script = async (shell: string) => (await runAlone(['completion', shell], {})).stdout;
const names = Object.keys(COMMANDS);

/** What bash offers for a line, of which the last word is being written. */
async function offered(...words: string[]): Promise<string[]> {
  const source = `${await script('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rollcall; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', source, 'bash', ...words], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('rollcall completion', () => {
  it('offers every command in bash, or those that begin so', async () => {
    expect(await offered('rollcall', '')).toEqual([...names, 'help', '--help', '--version']);
    expect(await offered('rollcall', 'add-')).toEqual(['add-host', 'add-reader']);
    expect(await offered('rollcall', 'help', 'do')).toEqual(['doctor']);
  });

  it('offers the options of a command in bash, and leaves files to the shell', async () => {
    expect(await offered('rollcall', 'check', '--ho')).toEqual(['--hosts', '--host']);
    expect(await offered('rollcall', 'check', '--listing', '')).toEqual(['']);
  });

  it.each(names)('has in the help of %s only options that the command takes', async (name) => {
    const help = (await COMMANDS[name]?.load())?.help ?? '';
    const options = optionsIn(help);
    expect(options.map((option) => option.name)).toContain('help');
    for (const option of options) {
      // A value that an option does not take, or lacks, is an error of its own: the help is wrong then.
      const words = [`--${option.name}`, ...(option.value === undefined ? [] : ['x'])];
      const { stdout, stderr } = await runAlone([name, ...words, '--help'], {});
      expect([stdout, stderr], `${name} --${option.name}`).toEqual([help, '']);
    }
  });

  it.each(['zsh', 'fish'])('has each command and option for %s', async (shell) => {
    const text = await script(shell);
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      const lines = text.split('\n').filter((line) => line.includes(`${name}`));
      for (const option of optionsIn((await load()).help)) {
        const flag = shell === 'zsh' ? `'*--${option.name}[` : ` -l ${option.name} `;
        expect(
          lines.some((line) => line.includes(flag)),
          `${name} ${flag}`,
        ).toBe(true);
      }
    }
  });

  it.each([[[]], [['tcsh']], [['bash', 'zsh']]])('exits 3 for %j', async (words) => {
    const { status, stdout, stderr } = await runAlone(['completion', ...words], {});
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('hint: write one of bash, zsh, fish');
  });
});
