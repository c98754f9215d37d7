import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addHost,
  ConfigEditError,
  type ConfigText,
  type EditedConfig,
  pauseHost,
  removeHost,
  resumeHost,
  setUserId,
} from '../../shared/config/edit-config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const file = (text: string): ConfigText => ({ text, file: 'hosts.yml' });
const linesOf = (text: string) => text.split('\n');
const pause = { until: '2026-12-01', because: 'disk "swap": at last' };

const written = `# The config of Acme.
bucket:   acme-backups      # made by the stack
timezone: Europe/Amsterdam

hosts:       # by age
    mail:   {}   # the oldest
    # Since the fire of '24.
    web:
        window: { due: "10:00" }   # late risers

        recipients: [ "89ABCDEF01234567" ]   # ops
    nas: { target: s3://other/nas/,   filePrefix: nas- } # not ours

# Who hears of it.
alerts: { mail: [ops@example.net] }
`;

describe('addHost', () => {
  it('adds one line behind the last host, and changes nothing else', () => {
    const { text, config } = addHost(file(written), 'db', { since: '2026-11-24' });
    const line = '    db: { since: 2026-11-24 }';
    expect(linesOf(text)).toEqual(linesOf(written).toSpliced(12, 0, line));
    expect(config.hosts.at(-1)).toMatchObject({ name: 'db', since: '2026-11-24' });
  });

  it('writes the target of a host that writes elsewhere', () => {
    const says = { target: 's3://other/db/', since: '2026-11-24' };
    const { text } = addHost(file(written), 'db', says);
    expect(text).toContain('    db: { target: s3://other/db/, since: 2026-11-24 }\n');
  });

  it.each([
    [
      'on one line',
      'hosts: { a: {}, b: {} }\n',
      'hosts: { a: {}, b: {}, c: { since: 2026-11-24 } }\n',
    ],
    ['without a last newline', 'hosts:\n  a: {}', 'hosts:\n  a: {}\n  c: { since: 2026-11-24 }'],
    [
      'with Windows line ends',
      'hosts:\r\n  a: {}\r\n',
      'hosts:\r\n  a: {}\r\n  c: { since: 2026-11-24 }\r\n',
    ],
    ['without a value', 'hosts:\n  a:\n', 'hosts:\n  a:\n  c: { since: 2026-11-24 }\n'],
    ['with a list that is still empty', 'hosts: {}\n', 'hosts: { c: { since: 2026-11-24 } }\n'],
    [
      'with a list that is left empty',
      'hosts: # all\n',
      'hosts: # all\n  c: { since: 2026-11-24 }\n',
    ],
    ['without a list', '', 'hosts:\n  c: { since: 2026-11-24 }\n'],
    [
      'ending in a block of text',
      'hosts:\n  a:\n    paused:\n      until: 2027-01-01\n      because: |\n        so\n',
      'hosts:\n  a:\n    paused:\n      until: 2027-01-01\n      because: |\n        so\n  c: { since: 2026-11-24 }\n',
    ],
    [
      'as JSON',
      '"hosts": {"a": {}, "b": {}}\n',
      '"hosts": {"a": {}, "b": {}, c: { since: 2026-11-24 }}\n',
    ],
  ])('adds to a config %s', (_, before, after) => {
    const { text } = addHost(file(`bucket: acme\n${before}`), 'c', { since: '2026-11-24' });
    expect(text).toBe(`bucket: acme\n${after}`);
  });

  it.each(['007', 'true', 'null', 'a,b', 'a=b', 'x@y', 'de/web', '1e3'])(
    'quotes %s where YAML would misread it',
    (name) => {
      for (const before of ['hosts: { a: {} }\n', 'hosts:\n  a: {}\n']) {
        const { config } = addHost(file(`bucket: acme\n${before}`), name, { since: '2026-11-24' });
        expect(config.hosts.map((host) => host.name)).toEqual(['a', name]);
      }
    },
  );

  it('refuses a target that another host has, as the config does', () => {
    const says = { target: 's3://acme-backups/mail/', since: '2026-11-24' };
    expect(() => addHost(file(written), 'db', says)).toThrow(/cannot be told apart/);
  });

  it('puts a host into the target of another one, and takes it out again', () => {
    const says = { target: 's3://acme-backups/mail/sub/', since: '2026-11-24' };
    const { text, config } = addHost(file(written), 'db', says);
    expect(config.hosts.find(({ name }) => name === 'mail')?.others).toEqual(['mail/sub/']);
    expect(removeHost(file(text), 'db').text).toBe(written);
  });

  it.each([
    ['an alias', 'a: &all {}\nhosts: *all\n'],
    ['keys with a question mark', 'hosts:\n  ? a\n  : {}\n'],
  ])('leaves a config with %s alone, and says what to write', (_, text) => {
    const add = () => addHost(file(`bucket: acme\n${text}`), 'c', { since: '2026-11-24' });
    expect(add).toThrow();
  });
});

describe('setUserId', () => {
  const id = 'AIDAIOSFODNN7EXAMPLE2';
  it.each([
    ['a host that says nothing', 'web: {}   # ours', `web: { userId: ${id} }   # ours`],
    ['a host without a value', 'web:   # ours', `web: { userId: ${id} }   # ours`],
    [
      'a host on one line',
      'web: { size: { min: 1GiB } }',
      `web: { size: { min: 1GiB }, userId: ${id} }`,
    ],
    [
      'a host with another id',
      'web: { userId: AIDAQABLZS4A3QDU576Q2, since: 2026-11-24 } # ours',
      `web: { userId: ${id}, since: 2026-11-24 } # ours`,
    ],
    [
      'a host of several lines',
      'web:\n    since: 2026-11-24   # ours\n    # the end',
      `web:\n    since: 2026-11-24   # ours\n    userId: ${id}\n    # the end`,
    ],
    [
      'an id in quotes',
      'web:\n    userId: "AIDAQABLZS4A3QDU576Q2"  # ours',
      `web:\n    userId: ${id}  # ours`,
    ],
  ])('writes the id of %s, and leaves all else as it is', (_, before, after) => {
    const text = (host: string) => `bucket: acme\nhosts:\n  db: {}\n  ${host}\n`;
    const edited = setUserId(file(text(before)), 'web', id);
    expect(edited.text).toBe(text(after));
    expect(edited.config.hosts[1]?.userId).toBe(id);
  });

  it.each([
    ['an alias', 'db: &all {}\n  web: *all'],
    ['an id that is left empty', 'web: { userId: }'],
  ])('leaves a host with %s alone, and says what to write', (_, hosts) => {
    const write = () => setUserId(file(`bucket: acme\nhosts:\n  ${hosts}\n`), 'web', id);
    expect(write).toThrow(
      expect.objectContaining({ name: 'RollEditError', hint: `write at web:  userId: ${id}` }),
    );
  });

  it('is kept by a pause and by its end', () => {
    const written = setUserId(file('bucket: acme\nhosts:\n  web: {}\n'), 'web', id);
    const paused = pauseHost(file(written.text), 'web', pause);
    expect(paused.config.hosts[0]).toMatchObject({ userId: id, paused: pause });
    expect(resumeHost(file(paused.text), 'web').text).toBe(written.text);
  });
});

describe('removeHost', () => {
  it('takes out the lines of the host, and leaves every comment on a line of its own', () => {
    const { text } = removeHost(file(written), 'web');
    expect(linesOf(text)).toEqual(linesOf(written).toSpliced(7, 4));
  });

  it.each([
    ['the first', 'a', 'hosts: { b: {}, c: {} } # all\n'],
    ['the middle', 'b', 'hosts: { a: {}, c: {} } # all\n'],
    ['the last', 'c', 'hosts: { a: {}, b: {} } # all\n'],
  ])('takes %s one out of a line', (_, name, after) => {
    const { text } = removeHost(file('bucket: acme\nhosts: { a: {}, b: {}, c: {} } # all\n'), name);
    expect(text).toBe(`bucket: acme\n${after}`);
  });

  it('refuses to leave a config without hosts', () => {
    const remove = () => removeHost(file('bucket: acme\nhosts: { a: {} }\n'), 'a');
    expect(remove).toThrow(/no hosts/);
  });
});

describe('pauseHost', () => {
  it.each([
    ['an empty host', '  a: {}   # x\n', '  a: { paused: P }   # x\n'],
    ['a host without a value', '  a:   # x\n', '  a: { paused: P }   # x\n'],
    [
      'a host on one line',
      '  a: { since: 2026-01-01 }\n',
      '  a: { since: 2026-01-01, paused: P }\n',
    ],
    [
      'a host of many lines',
      '  a:\n    since: 2026-01-01 # x\n',
      '  a:\n    since: 2026-01-01 # x\n    paused: P\n',
    ],
  ])('pauses %s', (_, before, after) => {
    const { text, config } = pauseHost(
      file(`bucket: acme\nhosts:\n${before}  b: {}\n`),
      'a',
      pause,
    );
    const words = '{ until: 2026-12-01, because: "disk \\"swap\\": at last" }';
    expect(text).toBe(`bucket: acme\nhosts:\n${after.replace('P', words)}  b: {}\n`);
    expect(config.hosts[0]?.paused).toEqual(pause);
  });

  it('changes a pause that is there, and keeps its comments', () => {
    const before = `bucket: acme
hosts:
  a:
    paused:   # again
      because: |   # long
        so
        it is
      until: 2026-11-30   # a Monday
`;
    expect(pauseHost(file(before), 'a', { until: '2027-01-01', because: 'why' }).text).toBe(
      `bucket: acme
hosts:
  a:
    paused:   # again
      because: "why"
      until: 2027-01-01   # a Monday
`,
    );
  });
});

const comment = fc.stringMatching(/^[a-z,:{}' ]{0,8}$/).map((text) => `#${text}`);
const maybeComment = fc.option(comment, { nil: '' }).map((text) => (text ? `  ${text}` : ''));
const own = fc.constantFrom(
  'since: 2026-01-01',
  'timezone: UTC',
  'recipients: [0123456789ABCDEF]',
  'window: { due: "10:00" }',
);
const hostLines = (name: string) =>
  fc
    .record({
      above: fc.array(comment, { maxLength: 2 }),
      says: fc.uniqueArray(own, { maxLength: 3 }),
      block: fc.boolean(),
      behind: maybeComment,
    })
    .map(({ above, says, block, behind }) => [
      ...above.map((text) => `  ${text}`),
      ...(block && says.length > 0
        ? [`  ${name}:${behind}`, ...says.map((one) => `      ${one}${behind}`)]
        : [`  ${name}: { ${says.join(' ,  ')} }${behind}`]),
    ]);
const anyConfig = fc
  .tuple(
    fc.array(comment, { maxLength: 2 }),
    hostLines('a'),
    hostLines('b'),
    hostLines('c'),
    maybeComment,
    fc.array(fc.oneof(comment, fc.constant('')), { maxLength: 3 }),
  )
  .map(([head, a, b, c, behind, tail]) =>
    [
      ...head,
      'bucket: acme',
      `hosts:${behind}`,
      ...a,
      ...b,
      ...c,
      ...tail,
      'keepDays: 30',
      '',
    ].join('\n'),
  );
const name = fc.constantFrom('a', 'b', 'c');
const commentsIn = (text: string) =>
  text.split('\n').flatMap((line) => /#.*/.exec(line)?.[0] ?? []);
const edited = (text: string, edit: (configFile: ConfigText) => EditedConfig) =>
  edit(file(text)).text;

describe('every edit', () => {
  it('that adds a host is undone to the byte by the one that removes it', () => {
    fc.assert(
      fc.property(anyConfig, (text) => {
        const more = edited(text, (one) => addHost(one, 'new', { since: '2026-11-24' }));
        expect(linesOf(more).length).toBe(linesOf(text).length + 1);
        expect(commentsIn(more)).toEqual(commentsIn(text));
        expect(edited(more, (one) => removeHost(one, 'new'))).toBe(text);
      }),
    );
  });

  it('that pauses keeps every comment, and is undone in meaning by the one that resumes', () => {
    fc.assert(
      fc.property(anyConfig, name, (text, host) => {
        const paused = edited(text, (one) => pauseHost(one, host, pause));
        expect(commentsIn(paused)).toEqual(commentsIn(text));
        const again = edited(paused, (one) =>
          pauseHost(one, host, { ...pause, until: '2027-01-01' }),
        );
        expect(again).toBe(paused.replace('2026-12-01', '2027-01-01'));
        const resumed = edited(paused, (one) => resumeHost(one, host));
        expect(commentsIn(resumed)).toEqual(commentsIn(text));
        expect(parseConfig(resumed, 'hosts.yml')).toEqual(parseConfig(text, 'hosts.yml'));
      }),
    );
  });

  it('that removes takes whole lines of that host, and no other', () => {
    fc.assert(
      fc.property(anyConfig, name, (text, host) => {
        const left = linesOf(edited(text, (one) => removeHost(one, host)));
        const gone = linesOf(text).filter((line) => !left.includes(line));
        for (const line of gone) expect(line).toMatch(new RegExp(`^ {2}${host}:|^ {6}\\w`));
      }),
    );
  });

  it('is refused rather than guessed', () => {
    expect(() =>
      pauseHost(file('bucket: acme\nx: &x {}\nhosts:\n  a: {}\n'), 'a', pause),
    ).toThrow();
    expect(() =>
      resumeHost(
        file(
          'bucket: acme\nhosts:\n  a: &a { paused: { until: 2027-01-01, because: b } }\n  b: *a\n',
        ),
        'b',
      ),
    ).toThrow(ConfigEditError);
  });
});
