// A rule of AWS that a template can break without any emulator noticing, and the template as such rules read it.
import type { Resources, Value } from '../../../scripts/stack/cloudformation.ts';
import {
  type FilledIn,
  fillIn,
  longestNames,
  type Names,
} from '../../../scripts/stack/policy-sizes.ts';

/** A rule, the title of the AWS document that it is from, and resources that break it, one after the other. */
export type Rule = {
  readonly says: string;
  readonly source: string;
  /** What breaks it: `LogicalId: why`. */
  readonly find: (template: Template) => readonly string[];
  readonly broken: readonly { readonly [id: string]: object }[];
  /** The same, where it is not a resource that breaks it. */
  readonly brokenTemplates?: readonly Raw[];
};

/** As CloudFormation gets it. */
export type Raw = {
  readonly Description?: string;
  readonly Resources: { readonly [id: string]: FilledIn };
  readonly Outputs?: { readonly [name: string]: FilledIn };
};

export type Template = {
  readonly region: string;
  readonly raw: Raw;
  /** Each reference as long as it can become in an account. */
  readonly long: { readonly [id: string]: FilledIn };
  /** Each reference as the logical id it is to, `Queue` or `Queue.Arn`: to see what belongs together. */
  readonly linked: { readonly [id: string]: FilledIn };
};

const linking: Names = { ref: (id) => id, attribute: (id, name) => `${id}.${name}` };

/** Reads a template that is to be deployed in this region. */
export function readTemplate(raw: Raw, region: string): Template {
  const longest = longestNames(raw.Resources as Resources, region);
  return {
    region,
    raw,
    long: fillIn(raw.Resources as Value, longest),
    linked: fillIn(raw.Resources as Value, linking),
  };
}

/** What is wrong with each resource of a type, after its logical id; `check` yields nothing for one that is right. */
export function each(
  resources: Template['long'],
  type: string,
  check: (properties: FilledIn, id: string) => readonly (string | false)[],
): string[] {
  return Object.entries(resources).flatMap(([id, { Type, Properties = {} }]) =>
    Type === type
      ? check(Properties, id).flatMap((why) => (why === false ? [] : `${id}: ${why}`))
      : [],
  );
}

/** The resource with this logical id. */
export const resource = (Type: string, Properties: object, id = 'It') => ({
  [id]: { Type, Properties },
});

/** `undefined` is in order; what is given must be a whole number within the bounds. */
export const outside = (value: unknown, least: number, most: number): boolean =>
  value !== undefined &&
  !(Number.isInteger(value) && Number(value) >= least && Number(value) <= most);

/** The statements of each policy that a resource holds, inline ones too. */
export function statementsOf({ PolicyDocument, Policies = [] }: FilledIn): FilledIn[] {
  const documents = [PolicyDocument, ...Policies.map((one: FilledIn) => one.PolicyDocument)];
  return documents.flatMap((document) => document?.Statement ?? []);
}

/** Whether one of the statements allows the action on the resource to whom it speaks of. */
export const allows = (statements: readonly FilledIn[], action: string, on: string): boolean =>
  statements.some(
    ({ Effect, Action, Resource }) =>
      Effect === 'Allow' && [Action].flat().includes(action) && [Resource].flat().includes(on),
  );
