import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeWhoIs, formatPrincipal, type Known } from '../../shared/messages/author-text.ts';
import { aHost } from '../support/builders.ts';

const WEB = 'AIDAIOSFODNN7EXAMPLE';
const DB = 'AIDAQABLZS4A3QDU576Q2';
const OTHER = 'AIDAJQULG4WG7WMOOT4P6';
const ROLE = 'AROADBQP57FF2AEXAMPLE';
const BREAK_GLASS = 'AROAJNDVBL7WPMMDWOTYY';
const web = aHost({ userId: WEB });
const known: Known = {
  hosts: [web, aHost({ name: 'db', userId: DB }), aHost({ name: 'mail' })],
  account: '123456789012',
  breakGlassRoleId: BREAK_GLASS,
};

describe('sayWho', () => {
  it.each([
    [`AWS:${WEB}`, "web's own key"],
    [`AWS:${DB}`, 'the key of host db'],
    [`AWS:${OTHER}`, `user ${OTHER}`],
    [`AWS:${ROLE}:alice@example.net`, `role ${ROLE} (session alice@example.net)`],
    [`AWS:${BREAK_GLASS}:alice`, 'the break-glass role (session alice)'],
    ['AWS:123456789012', 'the root user of this account (123456789012)'],
    ['AWS:210987654321', 'the root user of ANOTHER account (210987654321)'],
    ['AWS:123456789012:bob', 'the federated user bob of this account (123456789012)'],
    ['123456789012', 'somebody of this account (123456789012)'],
    ['210987654321', 'somebody of ANOTHER account (210987654321)'],
    ['s3.amazonaws.com', '"s3.amazonaws.com"'],
    ["web's own key", '"web\'s own key"'],
    [undefined, 'an unknown principal'],
    ['', 'an unknown principal'],
  ])('of %s says %s', (principal, words) => {
    expect(formatPrincipal(principal, known, web)).toBe(words);
  });

  it('names the first of several hosts that share a key, unless it is the own one', () => {
    const shared = { hosts: ['a', 'b', 'web'].map((name) => aHost({ name, userId: WEB })) };
    expect(formatPrincipal(`AWS:${WEB}`, shared)).toBe('the key of host a and 2 more');
    expect(formatPrincipal(`AWS:${WEB}`, shared, web)).toBe("web's own key");
  });

  it('does not name an account its own where it does not know its own', () => {
    expect(formatPrincipal('123456789012', { hosts: [] })).toBe('somebody of account 123456789012');
  });
});

const linesOf = (principals: readonly (string | undefined)[]) =>
  composeWhoIs(
    principals.map((principal) => ({ principal })),
    known,
  ).flatMap(({ text, lines = [] }) => [text, ...lines]);

describe('composeWhoIs', () => {
  it('has one command for each unknown id, and nothing for the others', () => {
    const lines = linesOf([
      `AWS:${WEB}`,
      `AWS:${OTHER}`,
      `AWS:${OTHER}`,
      `AWS:${ROLE}:x1`,
      `AWS:${BREAK_GLASS}:x1`,
    ]);
    expect(lines.filter((line) => line.startsWith('  '))).toEqual([
      `  aws iam list-users --query "Users[?UserId=='${OTHER}'].Arn"`,
      `  aws iam list-roles --query "Roles[?RoleId=='${ROLE}'].Arn"`,
    ]);
    expect(linesOf([`AWS:${DB}`, undefined, 'AWS:123456789012'])).toEqual([]);
  });

  it('asks once for a role of several sessions', () => {
    const lines = linesOf([`AWS:${ROLE}:x1`, `AWS:${ROLE}:x2`]);
    expect(lines.filter((line) => line.startsWith('  '))).toHaveLength(1);
  });

  it('shows five of many, and says how many more', () => {
    const ids = [...'ABCDEFGH'].map((letter) => `AWS:AIDA${letter.repeat(17)}`);
    const lines = linesOf(ids);
    expect(lines.filter((line) => line.startsWith('  '))).toHaveLength(5);
    expect(lines).toContain('and 3 more ids');
  });

  it('names where to look further when S3 shows only the account', () => {
    const text = linesOf(['123456789012']).join(' ');
    expect(text).toContain('CloudTrail trail that logs S3 data events');
    expect(text).not.toContain('lookup-events');
  });

  it('puts nothing but ids into a command, whatever an event says', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        `AWS:${OTHER}'].Arn"; rm -rf / #`,
        `AWS:${OTHER}\n  aws iam delete-user`,
        `AWS:AIDA$(id)`,
        `AWS:${ROLE}:"; id`,
        `AWS:aida${'a'.repeat(17)}`,
        `AWS:AIDA${'A'.repeat(500)}`,
      ),
    );
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 8 }), (principals) => {
        for (const line of linesOf(principals)) {
          expect(line).toMatch(/^[ -~]*$/);
          if (!line.startsWith('  ')) continue;
          expect(line).toMatch(
            /^ {2}aws iam list-(users|roles) --query "(Users|Roles)\[\?(User|Role)Id=='A(ID|RO)A[A-Z0-9]{12,124}'\]\.Arn"$/,
          );
        }
        for (const principal of principals)
          expect(formatPrincipal(principal, known)).toMatch(/^[ -~]+$/);
      }),
    );
  });
});
