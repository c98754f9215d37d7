// The queues of the account: SQS keeps no message here, but tells of each.

/** A message as Lambda hands it over. */
export type QueuedMessage = { readonly messageId: string; readonly body: string };

/** Told of each message that a queue took; it is kept nowhere else. */
export type QueueListener = (queue: string, message: QueuedMessage) => void;

/** The queues by their addresses, and who is told. */
export type SqsState = { readonly queues: Set<string>; readonly onMessage: QueueListener };
