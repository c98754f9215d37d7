// TLS before the local AWS, and as much a second as a line carries: node tls-proxy.mjs FOLDER PORT MEGABITS
// Prints its port. FOLDER gets a certificate of its own, which the clients are told to trust.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';

const [folder, port, megabits] = process.argv.slice(2);
const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
execFileSync(
  'openssl',
  [...how, '-days', '2', '-subj', '/CN=localhost', '-addext', names, '-keyout', key, '-out', cert],
  { stdio: 'ignore' },
);

// One line for all connections: what one sends, the others wait for.
let freeAt = 0;
const slowed = () =>
  new Transform({
    transform(chunk, _, done) {
      const takes = (chunk.length * 8) / (Number(megabits) * 1000);
      freeAt = Math.max(freeAt, performance.now()) + takes;
      void sleep(freeAt - performance.now()).then(() => done(null, chunk));
    },
  });

const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (secure) => {
  const plain = connect(Number(port), '127.0.0.1');
  secure.pipe(plain);
  plain.pipe(slowed()).pipe(secure);
  for (const [one, other] of [
    [secure, plain],
    [plain, secure],
  ])
    one.on('error', () => other.destroy());
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
