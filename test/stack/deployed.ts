// The stack of a config as it would stand in an account.
import { stackOf } from '../../scripts/stack/stack.ts';
import { fullConfig } from './configs.ts';
import { type Resolved, resolveTemplate } from './resolve-template.ts';

/** The resources of this config's stack, filled in. */
export const deployed = (config = fullConfig, hostsARun?: number) =>
  resolveTemplate(stackOf(config, [], hostsARun).resources);

/** Those of one type. */
export const ofType = (resources: { [id: string]: Resolved }, type: string): Resolved[] =>
  Object.values(resources).filter((resource) => resource.Type === type);
