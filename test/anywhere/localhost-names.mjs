// Before a command line: names below `localhost` are this machine, as RFC 6761 has it and many resolvers do not; those
// that were asked for are written into $LOOKED_UP.

import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { lookup } = dns;
dns.lookup = (name, ...rest) => {
  if (!name.endsWith('.localhost')) return lookup(name, ...rest);
  appendFileSync(process.env.LOOKED_UP, `${name}\n`);
  return lookup('127.0.0.1', ...rest);
};
syncBuiltinESMExports();
