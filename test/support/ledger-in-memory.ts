// A ledger in memory with conditional writes, and channels that keep what they were sent.
import type { Channel } from '../../shared/check/deliver.ts';
import { type Ledger, LedgerConflictError } from '../../shared/check/ledger.ts';
import type { Message } from '../../shared/report/message.ts';

export type MemoryLedger = Ledger & { text: string | undefined; writes: number };

export function memoryLedger(text?: string): MemoryLedger {
  const ledger: MemoryLedger = {
    text,
    writes: 0,
    read: async () => ({
      text: ledger.text,
      tag: ledger.text === undefined ? undefined : String(ledger.writes),
    }),
    write: async (next, tag) => {
      const current = ledger.text === undefined ? undefined : String(ledger.writes);
      if (tag !== current) throw new LedgerConflictError('written by another run');
      ledger.text = next;
      ledger.writes += 1;
      return String(ledger.writes);
    },
  };
  return ledger;
}

export type MemoryChannel = Channel & { readonly sent: Message[]; dead: boolean };

export function memoryChannel(name: string): MemoryChannel {
  const channel: MemoryChannel = {
    name,
    sent: [],
    dead: false,
    send: async (message) => {
      if (channel.dead) throw new Error(`${name} is dead`);
      channel.sent.push(message);
    },
  };
  return channel;
}
