// `rollcall explain`: how each object name is read, or who can open an object.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { type FileName, type FilePrefix, readFileName } from '../../shared/duplicity/file-name.ts';
import { isCalendarTime } from '../../shared/duplicity/time.ts';
import { iso } from '../../shared/messages/host-report.ts';
import { formatOpeners, quoteWhole } from '../../shared/messages/plain-text.ts';
import { HEAD_BYTES, type MessageHead, readMessageHead } from '../../shared/openpgp/message.ts';
import { whyNot } from '../../shared/stores/directory-records.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import { toAsciiJson } from './format-report.ts';
import { chooseFormat, UsageError } from './terminal.ts';

const HELP = `rollcall explain - how is an object name read, and who can open an object?

Examples
  rollcall explain web/duplicity-full.20261123T031502Z.vol1.difftar.gpg
  rollcall explain --file-prefix nas- office/nas/nas-duplicity-full.20261123T031502Z.manifest.gpg
  aws s3api list-objects-v2 --bucket acme-backups | jq '.Contents[].Key' | rollcall explain --format json
  rollcall explain --head web.vol1.difftar.gpg
  aws s3api get-object --bucket acme-backups --key KEY --range bytes=0-4095 first-bytes
  rollcall explain --head first-bytes --format json

With no KEY, keys are read from standard input as JSON strings, one a line.

Options
  --format FORMAT       table (default), or json: one line a key, null for a name that does not count; one line a file with --head
  --json                the same as --format json
  --file-prefix PREFIX  what duplicity's --file-prefix was
  --head                the arguments are files: to which keys is each encrypted? "-" is standard input;
                        only the first 4 KiB are read, and no key is needed
  -h, --help            this
`;

export const explainCommand = defineCommand({
  help: HELP,
  options: { format: TEXT, json: FLAG, 'file-prefix': { type: 'string', default: '' }, head: FLAG },
  operands: true,
  run: async (options, operands) => {
    const format = chooseFormat(options, ['table', 'json']);
    if (options.head) {
      for await (const line of explainHeads(operands, format)) process.stdout.write(`${line}\n`);
      return 0;
    }
    const one = options['file-prefix'];
    const prefix = { archive: one, manifest: one, signature: one };
    const print = (key: string) =>
      format === 'json' ? toAsciiJson(explainKey(key, prefix), 0) : formatKey(key, prefix);
    for await (const key of operands.length > 0 ? operands : keysFromInput()) {
      process.stdout.write(`${print(key)}\n`);
      // Its reader has seen enough, and the keys may have no end.
      if (!process.stdout.writable) break;
    }
    return 0;
  },
});

/** The JSON of one key: `null` for a name that duplicity does not write. */
function explainKey(key: string, filePrefix: FilePrefix): Record<string, unknown> | null {
  const { folder, name } = splitKey(key, filePrefix);
  const reading = readFileName(name, filePrefix);
  if (reading.kind !== 'written') return null;
  const { type, manifest, volume, time, start, end, encrypted, compressed, partial } = reading.name;
  const instant = (at: number | undefined) => (at === undefined ? null : iso(at));
  return {
    type,
    manifest,
    volume: volume ?? null,
    time: instant(time),
    start: instant(start),
    end: instant(end),
    encrypted,
    compressed,
    partial,
    prefix: `${folder}${filePrefix.archive}`,
  };
}

/** duplicity's names have as many slashes as its file prefix; what stands in front of them is the folder. */
function splitKey(key: string, { archive }: FilePrefix): { folder: string; name: string } {
  const parts = key.split('/').slice(-archive.split('/').length);
  const name = parts.join('/');
  return { folder: key.slice(0, key.length - name.length), name };
}

function formatKey(key: string, filePrefix: FilePrefix): string {
  const reading = readFileName(splitKey(key, filePrefix).name, filePrefix);
  const shown = quoteWhole(key);
  switch (reading.kind) {
    case 'written':
      return `${shown}: ${formatFile(reading.name)}`;
    case 'tolerated':
      return `${shown}: not counted; duplicity reads it as ${formatFile(reading.name)}, but never writes it so`;
    case 'lethal':
      return `${shown}: poison; duplicity's own parser crashes on a volume 0`;
    case 'parity':
      return `${shown}: parity of par2+, not counted; without par2 duplicity reads it as ${formatFile(reading.name)} once more`;
    case 'statistics':
      return `${shown}: statistics of a backup set (--jsonstat); not counted`;
    case 'foreign':
      return `${shown}: foreign; not a name of duplicity's`;
  }
}

function formatFile(name: FileName): string {
  const part =
    name.volume === undefined
      ? name.manifest
        ? 'manifest'
        : 'signatures'
      : `volume ${name.volume}`;
  const set =
    name.end === undefined
      ? `the full of ${formatInstant(name.time)}`
      : `the incremental of ${formatInstant(name.end)}, based on ${formatInstant(name.start)}`;
  const form = name.encrypted
    ? 'encrypted'
    : name.compressed
      ? 'gzip, not encrypted'
      : 'not encrypted';
  return `${name.partial ? 'unfinished ' : ''}${part} of ${set}, ${form}`;
}

function formatInstant(at = Number.NaN): string {
  if (Number.isNaN(at)) return 'a time that depends on the reader';
  return isCalendarTime(at) ? iso(at) : 'a time beyond any calendar';
}

async function* keysFromInput(): AsyncGenerator<string> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    number += 1;
    if (line.trim() === '') continue;
    yield parseKey(line, number);
  }
}

function parseKey(line: string, number: number): string {
  let key: unknown;
  try {
    key = JSON.parse(line);
  } catch {
    key = undefined;
  }
  if (typeof key === 'string') return key;
  throw new UsageError(
    `line ${number} of standard input is not a JSON string`,
    `write one key a line, in quotes: jq '.Contents[].Key'`,
  );
}

/**
 * One line for each file, `-` = standard input, of which no more than 4 KiB are read. Throws `UsageError`, after
 * the lines of those before it.
 */
async function* explainHeads(
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
      : `${file === '-' ? 'standard input' : quoteWhole(file)}: ${formatHead({ kind, recipients, symmetric })}`;
  }
}

function formatHead(head: MessageHead): string {
  const { kind, recipients, symmetric } = head;
  switch (kind) {
    case 'openpgp':
      return `an encrypted OpenPGP message; it opens with ${formatOpeners(head)}`;
    case 'short': {
      const found = recipients.length + symmetric > 0 ? `; so far: ${formatOpeners(head)}` : '';
      return `cut off before its list of recipients ends, so who can open it is not known${found}`;
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
    throw new UsageError(
      `cannot read ${quoteWhole(file)}: ${whyNot(error)}`,
      'name a file that holds the first bytes of an object; 4 KiB are enough',
      { cause: error },
    );
  }
  return new Uint8Array(Buffer.concat(chunks).subarray(0, HEAD_BYTES));
}
