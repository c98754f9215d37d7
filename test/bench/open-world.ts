// Opens an account for a fleet: filled, with a config in a folder, and on demand with the records of the day before.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatPackedConfig } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type Ground, runFunction } from './contenders.ts';
import { configTextOf, EVE, type Fleet } from './fleet.ts';
import type { Answer, Order, Task } from './world.ts';

export type World = {
  readonly ground: Ground;
  /** The environment of the account, with the queue of the workers. */
  readonly account: NodeJS.ProcessEnv;
  /** Told of each task for a worker. */
  readonly onTask: (take: (task: string) => void) => void;
  readonly close: () => Promise<void>;
};

export async function openWorld(fleet: Fleet, bundle: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const child = fork(new URL('world.ts', import.meta.url));
  let answered: (answer: Answer) => void = () => {};
  let taken: (task: string) => void = () => {};
  const answer = () =>
    new Promise<Answer>((done) => {
      answered = done;
    });
  child.on('message', (message: Answer | Task) => {
    if ('task' in message) taken(message.task);
    else answered(message);
  });
  const { env: account } = await answer();
  const ask = (order: Order): Promise<Answer> => {
    const answering = answer();
    child.send(order);
    return answering;
  };
  const text = configTextOf(fleet);
  writeFileSync(join(folder, 'hosts.yml'), text);
  const CONFIG_FILE = join(folder, 'config.json');
  writeFileSync(CONFIG_FILE, formatPackedConfig(parseConfig(text, 'hosts.yml')));
  const { SHARD_QUEUE_URL: _, ...topics } = account;
  await ask({ fill: fleet });
  return {
    ground: { ...{ fleet, folder, bundle, ask }, env: { ...process.env, ...topics, CONFIG_FILE } },
    account,
    onTask: (take) => {
      taken = take;
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The state bucket as it is on any day but the first. */
export async function remember({ ground }: World): Promise<void> {
  await runFunction(ground, EVE);
  await ground.ask({ keep: true });
}
