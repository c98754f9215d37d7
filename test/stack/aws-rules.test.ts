// Holds the stacks of all kinds of configs to what AWS documents and no emulator enforces.
import { describe, expect, it } from 'vitest';
import { configs, functionsOf, regionOf, stackFor } from './aws-rules/configs.ts';
import { type Raw, type Rule, readTemplate } from './aws-rules/rule.ts';
import { findAll, rules } from './aws-rules/rules.ts';

describe('the template that CloudFormation gets', () => {
  it.each(Object.entries(configs))('breaks no rule of AWS for %s', (_, { holds, ...config }) => {
    const stack = stackFor(config);
    const { outputs: Outputs, resources } = stack;
    const raw: Raw = { Resources: { ...resources, ...functionsOf(stack) }, Outputs };
    expect(JSON.stringify(raw)).toMatch(holds);
    expect(findAll(raw, regionOf(config))).toEqual([]);
  });
});

describe('each rule of AWS', () => {
  it.each(rules.map((rule): [string, Rule] => [rule.says, rule]))(
    'finds what breaks it: %s',
    (_, rule) => {
      const { broken, brokenTemplates = [], source, find } = rule;
      expect(source).toMatch(/^".+"/);
      const templates = [...broken.map((Resources) => ({ Resources }) as Raw), ...brokenTemplates];
      expect(templates.length).toBeGreaterThan(0);
      for (const raw of templates) {
        expect(find(readTemplate(raw, 'eu-west-1')), JSON.stringify(raw).slice(0, 300)).not.toEqual(
          [],
        );
      }
    },
  );
});
