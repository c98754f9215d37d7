// `rollcall explain --head`: who can open an object, by its first bytes.
import { createReadStream } from 'node:fs';
import {
  HEAD_BYTES,
  type MessageHead,
  readMessageHead,
} from '../../shared/openpgp/message-head.ts';
import { sayOpeners } from '../../shared/report/opener-words.ts';
import { quoteName } from '../../shared/report/plain-text.ts';
import { UsageError } from './usage-error.ts';

/**
 * One line for each file, `-` = standard input, of which no more than 4 KiB are read. Throws `UsageError`, after
 * the lines of those before it.
 */
export async function* explainHeads(
  files: readonly string[],
  format: 'table' | 'json',
): AsyncGenerator<string> {
  if (files.length === 0) {
    throw new UsageError('--head needs a file', 'name it, or "-" for standard input');
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('standard input can be read only once', 'write "-" once');
  }
  for (const file of files) {
    const { kind, recipients, symmetric } = readMessageHead(await readFirstBytes(file));
    yield format === 'json'
      ? JSON.stringify({ kind, recipients, symmetric })
      : `${file === '-' ? 'standard input' : quoteName(file)}: ${sayHead({ kind, recipients, symmetric })}`;
  }
}

function sayHead(head: MessageHead): string {
  const { kind, recipients, symmetric } = head;
  switch (kind) {
    case 'openpgp':
      return `an encrypted OpenPGP message; it opens with ${sayOpeners(head)}`;
    case 'short': {
      const found = recipients.length + symmetric > 0 ? `; so far: ${sayOpeners(head)}` : '';
      return `cut off before its list of recipients ends, so who can open it cannot be told${found}`;
    }
    case 'gzip':
    case 'tar':
    case 'text':
      return `${kind}; not encrypted, so anybody can read it`;
    case 'empty':
      return 'empty';
    case 'other':
      return 'no encrypted OpenPGP message';
  }
}

async function readFirstBytes(file: string): Promise<Uint8Array> {
  const stream = file === '-' ? process.stdin : createReadStream(file, { end: HEAD_BYTES - 1 });
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= HEAD_BYTES) break;
    }
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `cannot read ${quoteName(file)}: ${code === 'ENOENT' ? 'there is no such file' : code}`,
      'name a file that holds the first bytes of an object; 4 KiB are enough',
      { cause: error },
    );
  }
  return new Uint8Array(Buffer.concat(chunks).subarray(0, HEAD_BYTES));
}
