// A state bucket in memory with conditional writes, and channels that keep what they were sent.
import type { Message } from '../../shared/messages/message-tree.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import type { Channel } from '../../shared/monitor/notify.ts';
import { RecordConflictError, type RecordStore, STATE_PAGE } from '../../shared/monitor/state.ts';

export type MemoryRecords = RecordStore & {
  readonly pages: Map<string, string>;
  /** The state's page. */
  text: string | undefined;
};

export function memoryRecords(): MemoryRecords {
  const pages = new Map<string, string>();
  const tags = new Map<string, string>();
  let writes = 0;
  const put = (page: string, text: string) => {
    writes += 1;
    pages.set(page, text);
    tags.set(page, String(writes));
    return String(writes);
  };
  return {
    pages,
    get text() {
      return pages.get(STATE_PAGE);
    },
    set text(text) {
      put(STATE_PAGE, text ?? '');
    },
    read: async (page) => ({ text: pages.get(page), tag: tags.get(page) }),
    write: async (page, text, tag) => {
      if (tag !== tags.get(page)) throw new RecordConflictError('written by another run');
      return put(page, text);
    },
    replace: async (page, text) => {
      put(page, text);
    },
    list: async (prefix) => [...pages.keys()].filter((page) => page.startsWith(prefix)).sort(),
  };
}

/** What was sent, and its text. */
export type SentMessage = Message & { readonly text: string };
export type MemoryChannel = Channel & { readonly sent: SentMessage[]; dead: boolean };

export function memoryChannel(name: string): MemoryChannel {
  const channel: MemoryChannel = {
    name,
    sent: [],
    dead: false,
    send: async (message) => {
      if (channel.dead) throw new Error(`${name} is dead`);
      channel.sent.push({
        ...message,
        get text() {
          return renderText(message);
        },
      });
    },
  };
  return channel;
}
