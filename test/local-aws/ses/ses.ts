// Answers SES: takes mails from verified senders, and says who is verified.
import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { Mail, Outbox } from '../outbox.ts';
import { type QueryActions, readMembers, requireParameter } from '../query-protocol.ts';
import { element, group } from '../xml.ts';
import { readMime } from './mime.ts';

/** How far the verification of an identity has come. */
export type IdentityStatus = 'Success' | 'Pending' | 'Failed';

/** The part of the account that is SES. */
export type SesState = {
  readonly region: string;
  readonly now: () => number;
  readonly outbox: Outbox;
  /** Addresses and domains. */
  readonly identities: Map<string, IdentityStatus>;
  /** Addressees whose mail is taken and dropped. */
  readonly suppressed: Set<string>;
  /** Whether the person behind a mailbox clicks the link of a verification mail at once. */
  readonly clicksLinks: boolean;
  /** In the sandbox every addressee must be verified too. */
  sandbox: boolean;
  sendingEnabled: boolean;
};

const mostRecipients = 50;

/** The actions of SES, version 1. */
export function createSesActions(ses: SesState): QueryActions {
  const begin = (identity: string) => {
    const known = ses.identities.get(identity);
    ses.identities.set(identity, known ?? (ses.clicksLinks ? 'Success' : 'Pending'));
  };
  return {
    SendEmail: (form) => [element('MessageId', send(ses, form, readForm(form)))],
    SendRawEmail: (form) => [element('MessageId', send(ses, form, readRaw(form)))],
    VerifyEmailIdentity: (form) => {
      begin(requireParameter(form, 'EmailAddress'));
      return [];
    },
    VerifyDomainIdentity: (form) => {
      begin(requireParameter(form, 'Domain'));
      return [element('VerificationToken', 'local')];
    },
    DeleteIdentity: (form) => {
      ses.identities.delete(requireParameter(form, 'Identity'));
      return [];
    },
    ListIdentities: (form) => {
      const type = form.get('IdentityType');
      const names = [...ses.identities.keys()].filter(
        (name) => type === null || name.includes('@') === (type === 'EmailAddress'),
      );
      return [
        group(
          'Identities',
          names.map((name) => element('member', name)),
        ),
      ];
    },
    GetIdentityVerificationAttributes: (form) => {
      const known = readMembers(form, 'Identities').flatMap((name) => {
        const status = ses.identities.get(name);
        if (status === undefined) return [];
        const value = group('value', [element('VerificationStatus', status)]);
        return [group('entry', [element('key', name), value])];
      });
      return [group('VerificationAttributes', known)];
    },
    GetSendQuota: () => [
      element('Max24HourSend', ses.sandbox ? '200.0' : '50000.0'),
      element('MaxSendRate', ses.sandbox ? '1.0' : '14.0'),
      element('SentLast24Hours', `${ses.outbox.mails.length}.0`),
    ],
    GetAccountSendingEnabled: () => [element('Enabled', ses.sendingEnabled)],
  };
}

type Draft = Omit<Mail, 'messageId' | 'suppressed' | 'sentAt'>;

function readForm(form: URLSearchParams): Draft {
  const subject = form.get('Message.Subject.Data');
  if (subject === null) throw new AwsError('ValidationError', 'Message.Subject is required');
  // SES refuses such a subject as it would forge headers; the words are ours.
  if (/[\r\n]/.test(subject)) {
    throw new AwsError('InvalidParameterValue', 'Subject contains line breaks');
  }
  return {
    from: requireParameter(form, 'Source'),
    to: readMembers(form, 'Destination.ToAddresses'),
    cc: readMembers(form, 'Destination.CcAddresses'),
    bcc: readMembers(form, 'Destination.BccAddresses'),
    replyTo: readMembers(form, 'ReplyToAddresses'),
    subject,
    text: form.get('Message.Body.Text.Data') ?? '',
    html: form.get('Message.Body.Html.Data') ?? '',
  };
}

function readRaw(form: URLSearchParams): Draft {
  const data = requireParameter(form, 'RawMessage.Data');
  const { headers, ...mail } = readMime(Buffer.from(data, 'base64').toString('utf8'));
  const destinations = readMembers(form, 'Destinations');
  const list = (name: string) =>
    (headers[name] ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  return {
    ...mail,
    from: form.get('Source') ?? headers.from ?? '',
    to: destinations.length > 0 ? destinations : list('to'),
    cc: destinations.length > 0 ? [] : list('cc'),
    bcc: destinations.length > 0 ? [] : list('bcc'),
    replyTo: list('reply-to'),
  };
}

function send(ses: SesState, form: URLSearchParams, draft: Draft): string {
  const set = form.get('ConfigurationSetName');
  if (set !== null) {
    // None can be made here, so that none exists.
    throw new AwsError(
      'ConfigurationSetDoesNotExist',
      `Configuration set <${set}> does not exist.`,
    );
  }
  const everybody = [...draft.to, ...draft.cc, ...draft.bcc];
  if (everybody.length === 0)
    throw new AwsError('InvalidParameterValue', "Missing required header 'To'.");
  if (everybody.length > mostRecipients) {
    throw new AwsError('InvalidParameterValue', `Recipient count exceeds ${mostRecipients}.`);
  }
  const malformed = [draft.from, ...everybody].find(
    (one) => !/^[^@\s]+@[^@\s]+$/.test(addressOf(one)),
  );
  if (malformed !== undefined)
    throw new AwsError('InvalidParameterValue', "Missing final '@domain'");
  if (!ses.sendingEnabled) {
    throw new AwsError(
      'AccountSendingPausedException',
      'Email sending is disabled for your account',
    );
  }
  const checked = ses.sandbox ? [draft.from, ...everybody] : [draft.from];
  const unverified = checked.map(addressOf).filter((one) => !isVerified(ses, one));
  if (unverified.length > 0) {
    throw new AwsError(
      'MessageRejected',
      `Email address is not verified. The following identities failed the check in region ${ses.region.toUpperCase()}: ${unverified.join(', ')}`,
    );
  }
  const suppressed = everybody.filter((one) => ses.suppressed.has(addressOf(one)));
  const messageId = `local-${randomUUID()}`;
  ses.outbox.mails.push({ ...draft, messageId, suppressed, sentAt: ses.now() });
  return messageId;
}

function isVerified(ses: SesState, address: string): boolean {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return [address, domain].some((identity) => ses.identities.get(identity) === 'Success');
}

function addressOf(mailbox: string): string {
  return (/<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox).trim();
}
