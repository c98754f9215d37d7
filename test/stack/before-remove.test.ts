import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { composeRest, takeMembersOut } from '../../scripts/stack/remove-hook.ts';
import type { DeployedStack } from '../../shared/doctor/deployment.ts';
import type { HostUser } from '../../shared/doctor/host-keys.ts';

const group = 'acme-hosts';
const stack: DeployedStack = {
  ...{ name: 'rollcall-prod', status: 'UPDATE_COMPLETE', outputs: { BackupBucketName: 'acme' } },
  resources: [
    { id: 'HostGroup', type: 'AWS::IAM::Group', name: group },
    { id: 'BackupBucket', type: 'AWS::S3::Bucket', name: 'acme' },
    { id: 'LedgerBucket', type: 'AWS::S3::Bucket', name: 'rollcall-prod-ledgerbucket-x' },
  ],
};
const user = (name: string, more: Partial<HostUser> = {}): HostUser => ({
  ...{ name, path: '/backup-hosts/', groups: [group], inlinePolicies: [], attachedPolicies: [] },
  keys: [{ id: `AKIA-${name}`, active: true, createdAt: 0 }],
  ...more,
});

/** A group in memory; `refuse` names the user that IAM does not let go. */
function aGroup(names: readonly string[], refuse?: string, slow = 0) {
  const inside = new Set(names);
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  let status: string | undefined = 'UPDATE_COMPLETE';
  let isThere = true;
  const users = {
    leave: async (name: string) => {
      await sleep(slow);
      if (name === refuse) throw new Error(`could not take ${name} out`);
      inside.delete(name);
    },
    join: async (name: string) => void inside.add(name),
    hasGroup: async () => isThere,
  };
  return {
    ...{ inside, lines },
    becomes: (state: string | undefined, groupIsThere = true) => {
      status = state;
      isThere = groupIsThere;
    },
    parts: {
      ...{ stack, users, log: { notice: print, warning: print } },
      members: names.map((name) => user(name)),
      status: async () => status,
    },
  };
}

describe('takeMembersOut', () => {
  it('empties the group, and names who leaves it', async () => {
    const { parts, inside, lines } = aGroup(['mail', 'web']);
    const removal = await takeMembersOut(parts);
    removal.printRest();
    expect([...inside]).toEqual([]);
    expect(lines[0]).toMatch(/leaving the group acme-hosts.*: mail, web$/);
  });

  it('puts all back when one cannot be taken out', async () => {
    const { parts, inside } = aGroup(['db', 'mail', 'web'], 'mail');
    await expect(takeMembersOut(parts)).rejects.toThrow('could not take mail out');
    expect([...inside].sort()).toEqual(['db', 'mail', 'web']);
  });

  it('puts all back when the stack was not removed', async () => {
    const { parts, inside, lines } = aGroup(['mail', 'web']);
    await (await takeMembersOut(parts)).putBack();
    expect([...inside].sort()).toEqual(['mail', 'web']);
    expect(lines.at(-1)).toBe('back in the group acme-hosts: mail, web');
  });

  it('puts no user back while a removal goes on, or into a group that is gone', async () => {
    const going = aGroup(['web']);
    const goes = await takeMembersOut(going.parts);
    going.becomes('DELETE_IN_PROGRESS');
    await goes.putBack();
    const gone = aGroup(['web']);
    const went = await takeMembersOut(gone.parts);
    gone.becomes('DELETE_FAILED', false);
    await went.putBack();
    expect([...going.inside, ...gone.inside]).toEqual([]);
  });

  it('prints the commands for the users that it cannot put back itself', async () => {
    const { parts, lines } = aGroup(['mail', 'web']);
    const join = async () => {
      throw new Error('AccessDenied');
    };
    await (await takeMembersOut({ ...parts, users: { ...parts.users, join } })).putBack();
    expect(lines.slice(-2)).toEqual([
      '  aws iam add-user-to-group --group-name acme-hosts --user-name mail',
      '  aws iam add-user-to-group --group-name acme-hosts --user-name web',
    ]);
  });

  it('puts all back on Ctrl-C, waits for the one that just leaves, and does not go on', async () => {
    const { parts, inside } = aGroup(['db', 'mail', 'web'], undefined, 30);
    const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
    const done = vi.fn();
    takeMembersOut(parts).then(done);
    await sleep(45);
    process.emit('SIGINT');
    await vi.waitFor(() => expect(exit).toHaveBeenCalledWith(130));
    await sleep(60);
    expect([...inside].sort()).toEqual(['db', 'mail', 'web']);
    expect(done).not.toHaveBeenCalled();
    exit.mockRestore();
  });
});

describe('composeRest', () => {
  it('names both buckets and each user, with the commands that remove them', () => {
    const printed = composeRest(stack, [user('web')]).join('\n');
    expect(printed).toContain('aws s3 rb s3://acme\n');
    expect(printed).toContain('aws s3 rb s3://rollcall-prod-ledgerbucket-x');
    expect(printed).toContain(
      'aws iam delete-access-key --user-name web --access-key-id AKIA-web && aws iam delete-user --user-name web',
    );
  });

  it('gives no command to delete a user that has rights elsewhere', () => {
    const printed = composeRest(stack, [user('web', { groups: [group, 'other-hosts'] })]).join(
      '\n',
    );
    expect(printed).toContain(
      'web with a live key (AKIA-web), which has rights elsewhere: other-hosts',
    );
    expect(printed).not.toContain('delete-user');
  });

  it('leaves a bucket alone that was there before the stack', () => {
    const attached = {
      ...stack,
      resources: stack.resources.filter((r) => r.id !== 'BackupBucket'),
    };
    const printed = composeRest(attached, []).join('\n');
    expect(printed).toContain('the bucket acme, which was there before the stack, as it is');
    expect(printed).not.toContain('s3://acme');
  });
});
