// Facts of an account in the person's words. No decisions: the engine has made them.
import { day, distance, isPast, moment } from './time';
import type { Account, Expiry } from './types';

export type Shape = 'check' | 'cloud' | 'dots' | 'arrows' | 'triangle' | 'door';
export type Tone = 'good' | 'quiet' | 'busy' | 'bad';

/** A state as the window shows it: said in words, drawn as a shape, and only then coloured. */
export interface StateSign {
  words: string;
  shape: Shape;
  tone: Tone;
}

/** One cell: what matters first, detail below it. */
export interface Fact {
  main: string;
  detail: string | null;
  /** The exact instant, for `<time>`; `null` where there is none. */
  at: string | null;
}

export function stateSign(account: Account): StateSign {
  switch (account.state) {
    case 'active':
      return account.unreachable_since === null
        ? { words: 'Connected', shape: 'check', tone: 'good' }
        : { words: 'Connected, not reachable', shape: 'cloud', tone: 'quiet' };
    case 'signing_in':
      return { words: 'Signing in', shape: 'dots', tone: 'busy' };
    case 'exchanging':
      return { words: 'Getting a longer sign-in', shape: 'dots', tone: 'busy' };
    case 'renewing':
      return { words: 'Renewing', shape: 'arrows', tone: 'busy' };
    case 'needs_login':
      return { words: 'Sign in again', shape: 'triangle', tone: 'bad' };
    case 'signed_out':
      return { words: 'Signed out', shape: 'door', tone: 'quiet' };
  }
}

export function usableUntil(account: Account, now: Date): Fact {
  if (account.state === 'needs_login' || account.state === 'signed_out' || account.expires === null) {
    return { main: 'Not usable', detail: null, at: null };
  }
  return { ...end(account.expires, account, now), detail: endDetail(account, now) };
}

export function lastCheck(account: Account, now: Date): Fact {
  const check = account.last_check;
  if (check === null) return { main: 'Not checked yet', detail: null, at: null };
  const words = { good: 'Good', cant_tell: 'Could not tell', dead: 'Ended' }[check.result];
  const when = distance(check.at, now);
  return { main: words, detail: when === 'now' ? 'just now' : when, at: check.at };
}

/** What the person should know below the row, most pressing first. */
export function remarks(account: Account, now: Date): { sentence: string; next: string | null }[] {
  const all: { sentence: string; next: string | null }[] = [];
  if (account.reason !== null) {
    all.push({ sentence: account.reason.sentence, next: account.reason.next_step });
  }
  if (account.unreachable_since !== null) {
    all.push({
      sentence: `${account.provider_name} has not answered since ${moment(account.unreachable_since)}.`,
      next: 'Nothing to do: the account is kept and asked about again later.',
    });
  } else if (account.last_check?.result === 'cant_tell') {
    all.push({ sentence: account.last_check.sentence, next: null });
  }
  if (account.missing_scopes.length > 0) {
    all.push({
      sentence: `${account.provider_name} did not allow ${account.missing_scopes.join(', ')}.`,
      next: `To allow it: evergrant sign-in ${account.id}`,
    });
  }
  if (account.held_posts > 0) {
    const posts = account.held_posts === 1 ? 'One post waits' : `${account.held_posts} posts wait`;
    all.push({ sentence: `${posts} for this account.`, next: null });
  }
  const access = dataAccessEnd(account);
  if (access !== null) {
    const verb = isPast(access, now) ? 'ended' : 'ends';
    all.push({
      sentence: `Access to data ${verb} on ${day(access)} (${distance(access, now)}).`,
      next: null,
    });
  }
  return all;
}

function end(expires: Expiry, account: Account, now: Date): Omit<Fact, 'detail'> {
  if (expires === 'never') return { main: 'No end date', at: null };
  if (expires === 'unknown') return { main: `Not told by ${account.provider_name}`, at: null };
  if (isPast(expires.at, now)) return { main: `Ended on ${day(expires.at)}`, at: expires.at };
  return { main: day(expires.at), at: expires.at };
}

function endDetail(account: Account, now: Date): string | null {
  if (account.expires !== null && typeof account.expires === 'object') {
    return distance(account.expires.at, now);
  }
  return null;
}

/** When access to data ends before the sign-in does; otherwise the sign-in's own end says it all. */
function dataAccessEnd(account: Account): string | null {
  const { data_access_ends: access, expires } = account;
  if (account.state !== 'active' || access === null || typeof access !== 'object') return null;
  const signInEnds = expires !== null && typeof expires === 'object' ? Date.parse(expires.at) : Infinity;
  return Date.parse(access.at) < signInEnds ? access.at : null;
}
