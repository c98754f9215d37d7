// A call for one shard of the roll, as it lies in the queue, and the name of the page on which it is answered.
import type { Instant } from '../duplicity/time.ts';
import { closed, isCount, isText } from './shape.ts';

/** All answers begin so. */
export const ANSWERS = 'shards/';

/** One run that calls: the instant that was planned for it, and when it began, as of which all is judged. */
export type CallingRun = { readonly until: Instant; readonly now: Instant };

/** What a worker is asked. */
export type ShardCall = CallingRun & {
  readonly version: 1;
  /** After it nobody waits for the answer. */
  readonly deadline: Instant;
  /** A hash of the roll: whoever has another one must not answer. */
  readonly roll: string;
  readonly index: number;
  readonly of: number;
  /** A `1` for each host of the shard, in the order of the roll, that is to be judged, a `0` for each other. */
  readonly asked: string;
};

const isCall = closed<ShardCall>({
  version: (value): value is 1 => value === 1,
  until: isCount,
  now: isCount,
  deadline: isCount,
  roll: isText,
  index: isCount,
  of: isCount,
  asked: (value): value is string => isText(value) && /^[01]+$/.test(value),
});

/** `undefined` for anything that is no call, or has a member more. */
export function parseCall(value: unknown): ShardCall | undefined {
  const isOne = isCall(value) && value.index < value.of && Number.isInteger(Math.log2(value.of));
  return isOne ? value : undefined;
}

/** Under it lie the answers to one run: `shards/2026/11/23T081500Z/1795421701234/`. */
export function answersTo({ until, now }: CallingRun): string {
  const [date = '', time = ''] = new Date(until).toISOString().slice(0, 19).split('T');
  return `${ANSWERS}${date.replaceAll('-', '/')}T${time.replaceAll(':', '')}Z/${now}/`;
}

/** `3of32.json`, behind that. */
export function answerPage(call: ShardCall): string {
  return `${answersTo(call)}${call.index}of${call.of}.json`;
}
