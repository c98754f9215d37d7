// Certificates of an authority that no machine knows, by openssl.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a server shows, and the key to it. */
export type Certificate = { readonly key: string; readonly cert: string };

export type Authority = {
  /** The file of its own certificate. */
  readonly file: string;
  /** For this name, like `IP:127.0.0.1`, and so many days from now; fewer than none = it has expired. */
  readonly sign: (name: string, days?: number) => Certificate;
  /** Signed by nobody but itself; answered with its file. */
  readonly makeOwn: (name: string) => Certificate & { readonly file: string };
  readonly remove: () => void;
};

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-authority-'));
  const path = (name: string) => join(folder, name);
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe' });
  const read = (name: string): Certificate => ({
    key: readFileSync(path(`${name}.key`), 'utf8'),
    cert: readFileSync(path(`${name}.pem`), 'utf8'),
  });
  const makeOwn = (name: string, file: string, extension: string[]) =>
    openssl(
      ...['req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${name}`, ...extension],
      ...['-keyout', path(`${file}.key`), '-out', path(`${file}.pem`)],
    );
  makeOwn('an authority of a test', 'authority', []);
  return {
    file: path('authority.pem'),
    sign: (name, days = 2) => {
      const extension = ['-addext', `subjectAltName=${name}`];
      openssl(
        ...['req', '-new', ...NEW_KEY, '-subj', '/CN=server', ...extension],
        ...['-keyout', path('server.key'), '-out', path('server.csr')],
      );
      openssl(
        ...['x509', '-req', '-in', path('server.csr'), '-out', path('server.pem')],
        ...['-CA', path('authority.pem'), '-CAkey', path('authority.key'), '-CAcreateserial'],
        ...['-copy_extensions', 'copy', '-days', `${days}`],
      );
      return read('server');
    },
    makeOwn: (name) => {
      makeOwn('server', 'own', ['-addext', `subjectAltName=${name}`]);
      return { ...read('own'), file: path('own.pem') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
