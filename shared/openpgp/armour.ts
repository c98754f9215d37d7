// OpenPGP's ASCII armour around a public key: the bytes in it, if they are all there.

const BEGIN = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const END = '-----END PGP PUBLIC KEY BLOCK-----';
const CRC24_START = 0xb704ce;
const CRC24_POLYNOMIAL = 0x1864cfb;

/** True for a text with an armoured public key in it. */
export function isArmoured(text: string): boolean {
  return text.includes(BEGIN);
}

/**
 * The bytes of every block, one behind the other; `undefined` when a block has no end, is no base64, or has
 * another checksum than it says. A checksum may be left out. Source: RFC 9580, section 6.
 */
export function readArmour(text: string): Uint8Array | undefined {
  const blocks = text.split(BEGIN).slice(1).map(readBlock);
  if (blocks.includes(undefined)) return undefined;
  return Uint8Array.from((blocks as Uint8Array[]).flatMap((block) => [...block]));
}

function readBlock(text: string): Uint8Array | undefined {
  const end = text.indexOf(END);
  if (end === -1) return undefined;
  const lines = text
    .slice(0, end)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[A-Za-z-]+: /.test(line));
  const checksum = lines.at(-1)?.startsWith('=') ? lines.pop() : undefined;
  const bytes = readBase64(lines.join(''));
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (checksum === undefined) return bytes;
  const [high = -1, middle = 0, low = 0] = readBase64(checksum.slice(1)) ?? [];
  return crc24(bytes) === high * 0x10000 + middle * 0x100 + low ? bytes : undefined;
}

function readBase64(text: string): Uint8Array | undefined {
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return isBase64 ? Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)) : undefined;
}

function crc24(bytes: Uint8Array): number {
  let crc = CRC24_START;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= CRC24_POLYNOMIAL;
    }
  }
  return crc;
}
