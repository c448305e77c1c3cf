// Instants in words. `now` is always an argument.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** `23 Jan 2027` on this computer's calendar. */
export function day(at: string): string {
  return date.format(new Date(at));
}

/** `23 Jan 2027, 11:00` on this computer's clock. */
export function moment(at: string): string {
  return dateAndTime.format(new Date(at));
}

/** `in 58 days`, `3 minutes ago`, `now`; rounded towards now, so nothing looks longer than it is. */
export function distance(at: string, now: Date): string {
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < MINUTE) return 'now';
  if (size < HOUR) return relative.format(Math.trunc(seconds / MINUTE), 'minute');
  if (size < 2 * DAY) return relative.format(Math.trunc(seconds / HOUR), 'hour');
  return relative.format(Math.trunc(seconds / DAY), 'day');
}

/** Whether the instant lies behind us. */
export function isPast(at: string, now: Date): boolean {
  return new Date(at).getTime() <= now.getTime();
}
