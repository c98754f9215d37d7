// The circle in a template's references, which CloudFormation would refuse.
import type { Resolved } from './resolve-template.ts';

/** The logical ids along the first circle, or undefined when there is none. */
export function cycleIn(resources: { [id: string]: Resolved }): string[] | undefined {
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (done.has(id)) return undefined;
    for (const next of referencesIn(resources[id])) {
      const cycle = next in resources ? visit(next, [...path, id]) : undefined;
      if (cycle !== undefined) return cycle;
    }
    done.add(id);
    return undefined;
  };
  for (const id of Object.keys(resources)) {
    const cycle = visit(id, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function referencesIn(value: Resolved): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (typeof value.Ref === 'string') return [value.Ref];
  if (Array.isArray(value['Fn::GetAtt'])) return [value['Fn::GetAtt'][0]];
  if (typeof value['Fn::Sub'] === 'string') {
    return [...value['Fn::Sub'].matchAll(/\$\{([A-Za-z0-9]+)/g)].map(([, id]) => id as string);
  }
  const depends = [value.DependsOn ?? []].flat().filter((one) => typeof one === 'string');
  return [...depends, ...Object.values(value).flatMap(referencesIn)];
}
