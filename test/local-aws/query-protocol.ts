// Reads and writes the query protocol, which SNS and SES speak: a form in, XML out.
import { AwsError, notImplemented } from './aws-error.ts';
import { element, group, xmlDocument } from './xml.ts';

/** A call of the query protocol. */
export type QueryCall = {
  readonly action: string;
  readonly form: URLSearchParams;
  readonly requestId: string;
};

/** What an action answers: the children of its result element; nothing for an action without one. */
export type QueryAnswer = readonly string[] | undefined;

/** The actions of a service, by name. */
export type QueryActions = Readonly<Record<string, (form: URLSearchParams) => QueryAnswer>>;

/** Runs the action of a call; an unknown one is NotImplemented. */
export function answerQuery(call: QueryCall, actions: QueryActions, namespace: string): string {
  const answer = Object.hasOwn(actions, call.action) ? actions[call.action] : undefined;
  if (!answer) throw notImplemented(`the action ${call.action || 'without a name'}`);
  const result = answer(call.form);
  const metadata = group('ResponseMetadata', [element('RequestId', call.requestId)]);
  const body = result === undefined ? [] : [group(`${call.action}Result`, result)];
  return xmlDocument(group(`${call.action}Response`, [...body, metadata], namespace));
}

/** A parameter that must be there. */
export function requireParameter(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') {
    throw new AwsError('InvalidParameter', `Invalid parameter: ${name}`);
  }
  return value;
}

/** A list: `name.member.1`, `name.member.2`, ... */
export function readMembers(form: URLSearchParams, name: string): string[] {
  const members: string[] = [];
  for (;;) {
    const value = form.get(`${name}.member.${members.length + 1}`);
    if (value === null) return members;
    members.push(value);
  }
}

/** A map or a list of structures: the part of the form below `name.1`, `name.2`, ..., with that beginning cut off. */
export function readEntries(form: URLSearchParams, name: string): URLSearchParams[] {
  const entries: URLSearchParams[] = [];
  for (;;) {
    const start = `${name}.${entries.length + 1}.`;
    const found = [...form].filter(([key]) => key.startsWith(start));
    if (found.length === 0) return entries;
    const entry = new URLSearchParams();
    for (const [key, value] of found) entry.append(key.slice(start.length), value);
    entries.push(entry);
  }
}

/** A map as the query protocol writes it. */
export function composeMap(name: string, map: Readonly<Record<string, string>>): string {
  return group(
    name,
    Object.entries(map).map(([key, value]) =>
      group('entry', [element('key', key), element('value', value)]),
    ),
  );
}
