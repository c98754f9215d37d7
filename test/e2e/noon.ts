// A time zone in which it is about noon, so that no test of today runs into tomorrow.

/** The zone, and the instant at which its clocks show a time of today. */
export function noon(now: number): { timezone: string; at: (time: string) => Date } {
  const hour = new Date(now).getUTCHours();
  const ahead = 12 - hour;
  const midnight = new Date(now).setUTCHours(-ahead, 0, 0, 0);
  return {
    // POSIX counts west of Greenwich, so that the sign is turned round.
    timezone: `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`,
    at: (time) => {
      const [hours = 0, minutes = 0] = time.split(':').map(Number);
      return new Date(midnight + (hours * 60 + minutes) * 60_000);
    },
  };
}
