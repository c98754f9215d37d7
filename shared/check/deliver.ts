// Messages to every channel: all are tried, and what failed is thrown after the last.
import type { Message } from '../report/message.ts';

/** One way to somebody; `send` throws when it did not take the message. */
export type Channel = { readonly name: string; readonly send: (message: Message) => Promise<void> };

/** One channel did not take a message. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly channel: string;

  constructor(channel: string, options: ErrorOptions) {
    super(`${channel} did not take the message; look at it: rollcall check`, options);
    this.channel = channel;
  }
}

/** Throws one `AggregateError` of `DeliveryError`s, so that the run fails: twice told beats never told. */
export async function deliver(
  messages: readonly Message[],
  channels: readonly Channel[],
): Promise<void> {
  const sends = messages.flatMap((message) =>
    channels.map(async ({ name, send }) => {
      try {
        await send(message);
        return [];
      } catch (cause) {
        return [new DeliveryError(name, { cause })];
      }
    }),
  );
  const failures = (await Promise.all(sends)).flat();
  if (failures.length > 0) {
    throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
  }
}
