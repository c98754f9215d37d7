// The requests that a check makes, and nothing made of their answers: by plain HTTP, or by the SDK as it comes.
//   node floor.mjs raw|sdk HOSTS SETS [AFTER]     the versions that are listed: of names that begin so, after that one
import { get as getPlain, Agent as PlainAgent } from 'node:http';
import { get as getTls, Agent as TlsAgent } from 'node:https';

const [how, hosts, names, after] = process.argv.slice(2);
const endpoint = process.env.AWS_ENDPOINT_URL ?? '';
const [get, Agent] = endpoint.startsWith('https') ? [getTls, TlsAgent] : [getPlain, PlainAgent];
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const Bucket = 'bench';

/** Every page of it; where a next one begins is looked for in the text. */
async function listRaw(query, marker, from = '') {
  for (let next = from; ; ) {
    const text = await new Promise((done, fail) => {
      get(`${endpoint}/${Bucket}?${query}${next}`, { agent }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => done(Buffer.concat(parts).toString('latin1')));
      }).on('error', fail);
    });
    if (!text.includes('<IsTruncated>true')) return;
    const read = (name) => new RegExp(`<${name}>([^<]*)`).exec(text)?.[1] ?? '';
    next =
      marker === 'key-marker'
        ? `&key-marker=${read('NextKeyMarker')}&version-id-marker=${read('NextVersionIdMarker')}`
        : `&continuation-token=${encodeURIComponent(read('NextContinuationToken'))}`;
  }
}

// Loaded where it is asked for: plain HTTP must not pay for it.
const { ListObjectsV2Command, ListObjectVersionsCommand, S3Client } =
  how === 'sdk' ? await import('@aws-sdk/client-s3') : {};
const client = S3Client && new S3Client({ forcePathStyle: true });
const ways = {
  raw: async (prefix) => {
    const from = encodeURIComponent(prefix);
    await listRaw(`list-type=2&encoding-type=url&delimiter=.vol&prefix=${from}`, 'token');
    const sets = `${from}${names}`;
    await listRaw(
      `versions&encoding-type=url&prefix=${sets}`,
      'key-marker',
      after === undefined ? '' : `&key-marker=${from}${after}`,
    );
  },
  sdk: async (prefix) => {
    const sets = `${prefix}${names}`;
    const asked = { Bucket, EncodingType: 'url' };
    await client.send(new ListObjectsV2Command({ ...asked, Delimiter: '.vol', Prefix: prefix }));
    let mark = after === undefined ? {} : { KeyMarker: `${prefix}${after}` };
    for (let more = true; more; ) {
      const page = await client.send(
        new ListObjectVersionsCommand({ ...asked, Prefix: sets, ...mark }),
      );
      more = page.IsTruncated === true;
      mark = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
  },
};
let number = 0;
const work = async () => {
  while (number < Number(hosts)) {
    const host = number;
    number += 1;
    await ways[how](`host-${String(host).padStart(5, '0')}/`);
  }
};
await Promise.all(Array.from({ length: 32 }, work));
process.exit();
