// Decides whether a message's attributes fit a subscription's filter policy.
import { AwsError, notImplemented } from '../aws-error.ts';

/** An attribute as published: one value, or the array of a `String.Array`. */
export type AttributeValue = string | number | boolean | null;

/** Attributes by name, each as the list of its values. */
export type AttributeValues = Readonly<Record<string, readonly AttributeValue[]>>;

type Condition = string | number | boolean | null | Readonly<Record<string, unknown>>;
/** Conditions by attribute name; all names must fit, one condition of each is enough. */
export type FilterPolicy = Readonly<Record<string, readonly Condition[]>>;

const operators = ['prefix', 'suffix', 'anything-but', 'exists', 'numeric', 'equals-ignore-case'];

/** The policy in a text, checked as Subscribe checks it; an operator this server lacks is NotImplemented. */
export function parseFilterPolicy(source: string): FilterPolicy {
  let policy: unknown;
  try {
    policy = JSON.parse(source);
  } catch {
    throw invalid('failed to parse JSON');
  }
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) {
    throw invalid('Filter policy must be an object');
  }
  for (const [name, conditions] of Object.entries(policy)) {
    if (!Array.isArray(conditions)) throw invalid(`"${name}" must be an object or an array`);
    for (const condition of conditions) {
      if (typeof condition !== 'object' || condition === null) continue;
      const unknown = Object.keys(condition).find((operator) => !operators.includes(operator));
      if (unknown !== undefined) throw notImplemented(`the filter policy operator ${unknown}`);
    }
  }
  return policy as FilterPolicy;
}

/** True when every name in the policy has a condition that an attribute value fits. */
export function matchesFilter(policy: FilterPolicy, attributes: AttributeValues): boolean {
  return Object.entries(policy).every(([name, conditions]) => {
    const values = attributes[name];
    return conditions.some((condition) => {
      if (typeof condition === 'object' && condition !== null && 'exists' in condition) {
        return condition.exists === (values !== undefined);
      }
      return values?.some((value) => fits(condition, value)) ?? false;
    });
  });
}

function fits(condition: Condition, value: AttributeValue): boolean {
  if (typeof condition !== 'object' || condition === null) return condition === value;
  const [operator = '', operand] = Object.entries(condition)[0] ?? [];
  const text = String(value);
  switch (operator) {
    case 'prefix':
      return text.startsWith(String(operand));
    case 'suffix':
      return text.endsWith(String(operand));
    case 'equals-ignore-case':
      return text.toLowerCase() === String(operand).toLowerCase();
    case 'anything-but':
      return !([operand].flat() as Condition[]).some((one) => fits(one, value));
    default:
      return (
        typeof value === 'number' && fitsNumeric(operand as readonly (string | number)[], value)
      );
  }
}

function fitsNumeric(operand: readonly (string | number)[], value: number): boolean {
  for (let at = 0; at < operand.length; at += 2) {
    const bound = Number(operand[at + 1]);
    const holds = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    }[String(operand[at])];
    if (!holds) return false;
  }
  return true;
}

function invalid(why: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: FilterPolicy: ${why}`);
}
