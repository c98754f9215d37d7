// The config as the functions carry it: parsed when they were packaged, with what its key files held, in JSON.
import * as v from 'valibot';
import type { Config } from './config.ts';
import { readJson } from './json.ts';

/** Version 1. */
export function formatPackedConfig(config: Config): string {
  return `${JSON.stringify({ version: 1, config })}\n`;
}

// It lies in one package with the functions that read it: asked is whether it is whole and theirs, not each member.
const packed = v.strictObject({
  version: v.literal(1),
  config: v.looseObject({ bucket: v.string(), hosts: v.array(v.unknown()) }),
});

/** The inverse; `undefined` for a text that is cut, no JSON, or of another version. Never throws. */
export function parsePackedConfig(text: string): Config | undefined {
  return readJson(packed, text)?.config as Config | undefined;
}
