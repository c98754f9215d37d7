// `npm run build`: the command line as it is installed, in dist/, with its man page. It brings all that it needs.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { COMMANDS, composeOverview } from './rollcall/command-line.ts';

const root = join(import.meta.dirname, '..');

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['scripts/rollcall.ts'],
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  // In one file, Node compiles the SDK before it can print the help: three times as long as Node itself needs.
  splitting: true,
  chunkNames: 'lib/[name]-[hash]',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  mainFields: ['module', 'main'],
  // What is CommonJS inside asks for `require`, which an ES module does not have.
  banner: {
    js: "import { createRequire as rollcallRequire } from 'node:module'; const require = rollcallRequire(import.meta.url);",
  },
  minify: false,
  logLevel: 'warning',
});
writeFileSync(join(root, 'dist/rollcall.1'), await composeManPage());

/** The helps as they are printed, one section a command. */
async function composeManPage(): Promise<string> {
  const sections = [asSection('DESCRIPTION', composeOverview().replace(/^.*\n\n/, ''))];
  for (const [name, { load }] of Object.entries(COMMANDS))
    sections.push(asSection(`rollcall ${name}`, (await load()).help));
  return `.TH ROLLCALL 1
.SH NAME
rollcall \\- did every host write a complete, encrypted duplicity backup, on time?
.SH SYNOPSIS
rollcall COMMAND [OPTION...]
${sections.join('')}`;
}

/** Source: groff_man(7): a backslash is \\e, a hyphen that is to be copied \\-, and no line begins with a dot. */
function asSection(title: string, text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return `.SH "${title.replaceAll('-', '\\-')}"\n.nf\n${escaped.replace(/^[.']/gm, '\\&$&')}.fi\n`;
}
