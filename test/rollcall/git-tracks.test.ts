import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { refuseTrackedPath } from '../../scripts/rollcall/hand-over.ts';
import { UsageError } from '../../scripts/rollcall/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-git-'));
const tree = join(folder, 'tree');
const git = (...words: string[]) =>
  spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...words], { cwd: tree });

beforeEach(() => {
  vi.stubEnv('GIT_CONFIG_GLOBAL', '/dev/null');
  vi.stubEnv('GIT_CONFIG_SYSTEM', '/dev/null');
  mkdirSync(join(tree, 'there'), { recursive: true });
  git('init', '-q');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(tree, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a path that git would track', () => {
  it.each([
    ['at the top', 'web.aws'],
    ['in a folder', 'there/web.aws'],
    ['in a folder that is not there yet', 'not/there/yet/web.aws'],
    ['with a name that looks like a pattern', ':(top)*.aws'],
    ['with a name that begins like an option', '-q'],
  ])('%s is refused, with the way out', (_, name) => {
    const refused = (() => {
      try {
        refuseTrackedPath(join(tree, name));
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(refused).toBeInstanceOf(UsageError);
    expect(refused).toMatchObject({
      message: expect.stringContaining('git would track'),
      hint: expect.stringContaining('.gitignore'),
    });
  });

  it('is refused behind a link as well', () => {
    const link = join(folder, 'link');
    symlinkSync(join(tree, 'there'), link);
    expect(() => refuseTrackedPath(join(link, 'web.aws'))).toThrow('git would track');
    rmSync(link);
  });

  it('is refused when it is tracked already, whatever .gitignore says', () => {
    writeFileSync(join(tree, 'web.aws'), '');
    git('add', 'web.aws');
    writeFileSync(join(tree, '.gitignore'), '*.aws\n');
    expect(() => refuseTrackedPath(join(tree, 'web.aws'))).toThrow('git would track');
  });

  it('is refused although the caller works on another repository', () => {
    vi.stubEnv('GIT_DIR', '/nowhere');
    expect(() => refuseTrackedPath(join(tree, 'web.aws'))).toThrow('git would track');
  });
});

describe('a path that git would not track', () => {
  it('may be outside of any work tree', () => {
    expect(() => refuseTrackedPath(join(folder, 'web.aws'))).not.toThrow();
    expect(() => refuseTrackedPath(join(folder, 'not/there/web.aws'))).not.toThrow();
  });

  it('may be ignored, by its name or by its folder', () => {
    writeFileSync(join(tree, '.gitignore'), '*.aws\n/secrets/\n');
    expect(() => refuseTrackedPath(join(tree, 'there/web.aws'))).not.toThrow();
    expect(() => refuseTrackedPath(join(tree, 'secrets/web'))).not.toThrow();
  });

  it('may be in the repository itself', () => {
    expect(() => refuseTrackedPath(join(tree, '.git/web.aws'))).not.toThrow();
  });

  it('is any path where there is no git', () => {
    vi.stubEnv('PATH', '/nonexistent');
    expect(() => refuseTrackedPath(join(tree, 'web.aws'))).not.toThrow();
  });
});

it('refuses where git cannot say', () => {
  writeFileSync(join(tree, '.git/config'), '[broken\n');
  expect(() => refuseTrackedPath(join(tree, 'web.aws'))).toThrow(
    /git cannot say whether it would track .*bad config/,
  );
});
