// Where a saved listing is read from: the file itself, or an unnamed copy in UTF-8 of what cannot be read twice.
import {
  createReadStream,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNot } from '../../shared/stores/directory-records.ts';
import type { Source } from './scan-listing.ts';
import { UsageError, writeTo } from './terminal.ts';

/** The text of a test, or of anything else that is in memory. */
export function sourceOf(text: string): Source {
  const bytes = Buffer.from(text);
  return { size: bytes.length, read: (from, length) => bytes.subarray(from, from + length) };
}

/**
 * What a program printed and a shell may have written in UTF-16; `-` is standard input. Throws `UsageError`.
 */
export async function openPrinted(file: string, hint: string): Promise<Source> {
  try {
    if (file === '-') return await copyOf(process.stdin, file);
    const descriptor = openSync(file, 'r');
    const plain = fstatSync(descriptor).isFile() ? sourceAt(descriptor) : undefined;
    if (plain !== undefined && encodingOf(plain.read(0, 4)) === 'utf-8')
      return checked(plain, file);
    // Opened once: who writes into a named pipe would be gone at the second time.
    return await copyOf(createReadStream(file, { fd: descriptor }), file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${whyNot(error)}`, hint, { cause: error });
  }
}

function sourceAt(descriptor: number): Source {
  let buffer = Buffer.alloc(0);
  return {
    size: fstatSync(descriptor).size,
    read: (from, bytes) => {
      if (buffer.length < bytes) buffer = Buffer.allocUnsafe(bytes);
      let got = 0;
      for (let more = -1; got < bytes && more !== 0; got += more) {
        more = readSync(descriptor, buffer, got, bytes - got, from + got);
      }
      return buffer.subarray(0, got);
    },
  };
}

/** No text holds a zero byte; what does is in another encoding, or no text. */
function checked(source: Source, file: string): Source {
  const read: Source['read'] = (from, length) => {
    const bytes = source.read(from, length);
    if (bytes.includes(0)) throw notText(file);
    return bytes;
  };
  return { ...source, read };
}

/** A pipe is gone when it was read. The copy has no name from the start: whatever ends the program, nothing stays. */
async function copyOf(stream: NodeJS.ReadableStream, file: string): Promise<Source> {
  const copying = <Value>(work: () => Value) =>
    writeTo(tmpdir(), 'name another folder, for a copy: TMPDIR=FOLDER', async () => work());
  const descriptor = await copying(() => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-'));
    const opened = openSync(join(folder, 'listing.json'), 'w+');
    rmSync(folder, { recursive: true });
    return opened;
  });
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let first: Buffer = Buffer.alloc(0);
  const write = async (text: string) => {
    if (text.includes('\0')) throw notText(file);
    await copying(() => writeFileSync(descriptor, text));
  };
  const decode = async (bytes?: Buffer) => {
    const encoding = encodingOf(first);
    decoder ??= new TextDecoder(encoding, { fatal: encoding !== 'utf-8' });
    try {
      return await write(decoder.decode(bytes, { stream: bytes !== undefined }));
    } catch (error) {
      // What is cut within a letter is no text either.
      throw error instanceof TypeError ? notText(file) : error;
    }
  };
  for await (const chunk of stream) {
    if (decoder !== undefined) {
      await decode(chunk as Buffer);
      continue;
    }
    first = Buffer.concat([first, chunk as Buffer]);
    if (first.length >= 4) await decode(first);
  }
  if (decoder === undefined) await decode(first);
  await decode();
  return sourceAt(descriptor);
}

/** Windows PowerShell writes UTF-16 where a program's output goes into a file. */
function encodingOf(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first = 1, second = 1, third = 1, fourth = 1] = bytes;
  // Without a mark, two letters of ASCII at the beginning tell which half of each pair is empty.
  const isLittle =
    (first === 0xff && second === 0xfe) ||
    (first > 0 && second === 0 && third > 0 && fourth === 0 && bytes.length > 3);
  const isBig =
    (first === 0xfe && second === 0xff) ||
    (first === 0 && second > 0 && third === 0 && fourth > 0 && bytes.length > 3);
  return isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8';
}

function notText(file: string): UsageError {
  return new UsageError(
    `${file} is not a whole text in UTF-8 or UTF-16`,
    'save it again as UTF-8, not compressed; in PowerShell: aws ... | Out-File -Encoding utf8 FILE',
  );
}
