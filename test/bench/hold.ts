// Holds a process to a share of one core, as a Lambda of less than 1,769 MiB is held.
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a Lambda needs for one whole core. Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const CORE_MIB = 1769;

const CONTROLLER = '/sys/fs/cgroup/cpu';
const PERIOD_US = 20_000;

/** A group of processes that share so much of a core. */
export type Hold = {
  readonly enter: (pid: number) => void;
  readonly release: () => Promise<void>;
};

/** Makes such a group; `undefined` where the machine has no cgroups of version 1, or lets only root make one. */
export function holdTo(share: number): Hold | undefined {
  const group = join(CONTROLLER, `rollcall-bench-${process.pid}`);
  try {
    mkdirSync(group);
    writeFileSync(join(group, 'cpu.cfs_period_us'), `${PERIOD_US}`);
    writeFileSync(join(group, 'cpu.cfs_quota_us'), `${Math.round(PERIOD_US * share)}`);
  } catch {
    return undefined;
  }
  return {
    enter: (pid) => writeFileSync(join(group, 'cgroup.procs'), `${pid}`),
    release: async () => {
      // A group is empty a moment after its last process has ended.
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          return rmdirSync(group);
        } catch {
          await sleep(20);
        }
      }
    },
  };
}
