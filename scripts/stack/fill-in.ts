// A part of a template with each reference filled in, as CloudFormation does it.
import type { Value } from './cloudformation.ts';

/** What stands for a `Ref`, pseudo parameters too, and for an attribute. */
export type Names = {
  readonly ref: (id: string) => string;
  readonly attribute: (id: string, name: string) => string;
};

// Whoever reads a filled-in part knows its shape.
// biome-ignore lint/suspicious/noExplicitAny: parts of all shapes
export type FilledIn = any;

/** No `Ref`, `Fn::GetAtt`, `Fn::Sub` or `Fn::Join` is left in it. */
export function fillIn(value: Value, names: Names): FilledIn {
  if (Array.isArray(value)) return value.map((item) => fillIn(item, names));
  if (typeof value !== 'object' || value === null) return value;
  const [key, argument] = Object.entries(value)[0] ?? [];
  if (key === 'Ref') return names.ref(argument as string);
  if (key === 'Fn::GetAtt') return names.attribute(...(argument as [string, string]));
  if (key === 'Fn::Join') {
    const [between, parts] = argument as [string, Value[]];
    return parts.map((part) => fillIn(part, names)).join(between);
  }
  if (key === 'Fn::Sub') {
    return (argument as string).replace(/\$\{(!?)([^}]+)\}/g, (_, literal, name: string) =>
      literal === '!' ? `\${${name}}` : named(name, names),
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, fillIn(item, names)]),
  );
}

/** Inside `Fn::Sub`, `Name.Arn` is the attribute of that resource. */
function named(name: string, { ref, attribute }: Names): string {
  const [id = '', attributeName] = name.split('.');
  return attributeName === undefined ? ref(name) : attribute(id, attributeName);
}
