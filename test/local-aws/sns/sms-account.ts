// Answers what SNS says of the account's right to send text messages.
import {
  composeMap,
  type QueryActions,
  readEntries,
  readMembers,
  requireParameter,
} from '../query-protocol.ts';
import { element, group } from '../xml.ts';

/** How the account stands; a new one is in the sandbox and may spend a dollar a month. */
export type SmsAccount = {
  sandbox: boolean;
  readonly attributes: Record<string, string>;
  readonly optedOut: Set<string>;
  /** The countries of the account's own numbers to send from, as ISO codes. */
  readonly numbersIn: Set<string>;
};

/** An account out of the sandbox, with AWS's first limit. */
export function createSmsAccount(): SmsAccount {
  return {
    sandbox: false,
    attributes: { MonthlySpendLimit: '1' },
    optedOut: new Set(),
    numbersIn: new Set(),
  };
}

/** The actions about it. */
export function createSmsActions(account: SmsAccount): QueryActions {
  return {
    GetSMSAttributes: (form) => {
      const wanted = readMembers(form, 'attributes');
      const all = Object.entries(account.attributes);
      const shown = all.filter(([name]) => wanted.length === 0 || wanted.includes(name));
      return [composeMap('attributes', Object.fromEntries(shown))];
    },
    SetSMSAttributes: (form) => {
      for (const entry of readEntries(form, 'attributes.entry')) {
        account.attributes[entry.get('key') ?? ''] = entry.get('value') ?? '';
      }
      return [];
    },
    GetSMSSandboxAccountStatus: () => [element('IsInSandbox', account.sandbox)],
    CheckIfPhoneNumberIsOptedOut: (form) => [
      element('isOptedOut', account.optedOut.has(requireParameter(form, 'phoneNumber'))),
    ],
    ListOriginationNumbers: () => [
      group(
        'PhoneNumbers',
        [...account.numbersIn].map((country) =>
          group('member', [element('Iso2CountryCode', country), element('Status', 'ACTIVE')]),
        ),
      ),
    ],
    ListPhoneNumbersOptedOut: () => [
      group(
        'phoneNumbers',
        [...account.optedOut].map((phone) => element('member', phone)),
      ),
    ],
  };
}
