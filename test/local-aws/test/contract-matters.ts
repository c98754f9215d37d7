// What hangs on each check of the contract, for anyone who reads that one does not hold.

/** One sentence each; a check names its own. */
export const MATTERS = {
  looked:
    'a bucket that is missing or renamed is reported as that, and never as a host without backups',
  removed: 'what a trial and a removed stack leave can be taken away',
  doctor: 'the doctor compares these settings with what hosts.yml asks for',
  countdown:
    'the mail that counts down to the last good backup compares its own date with this one',
  lock: 'Object Lock, where it is used, keeps backups that somebody deletes',
  janitor: 'keepLastGood: only what the janitor tags may be hidden by lifecycle',
  swapped: 'a file that was swapped is known by its ETag and its size',
  state: 'two runs at the same time must not overwrite what the other remembered',
  recipients:
    'for whom a backup is encrypted, and whether it was cut, is read from its first and last bytes',
  uploaded: 'a backup arrives as duplicity sent it, or not at all',
  operated: 'an operator can bring an old version back by a copy',
  cold: 'a backup in a cold class is reported, as it cannot be restored at once',
  tampered:
    'an overwrite or a removal is known by the versions below it, and undelete takes markers away',
  listed: 'whether a host has a whole backup is read from these listings alone',
  others: 'nothing in Rollcall; other tools list so',
  duplicity: 'duplicity finds its own backups by this call',
  hostile: 'a host may write any name, and no name may hide or forge another',
  topic: 'alerts go by a topic',
  reached: 'an address that was never confirmed is not notified, and the doctor says so',
  subject: 'an alert must never be refused for its subject or its length',
  sms: 'text messages stop without a word at the limit, and the doctor says so',
  sender: 'mail by SES leaves only from a verified address, and the doctor says so',
} as const;
