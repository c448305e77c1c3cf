import { describe, expect, it } from 'vitest';
import { account, NOW } from './sample';
import type { AccountState } from './types';
import { lastCheck, remarks, stateSign, usableUntil } from './words';

const STATES: AccountState[] = ['active', 'signing_in', 'exchanging', 'renewing', 'needs_login', 'signed_out'];

describe('a state', () => {
  it('has words of its own', () => {
    const words = STATES.map((state) => stateSign(account({ state })).words);
    expect(new Set(words).size).toBe(STATES.length);
  });

  it('can be told by its shape alone whether the person must act', () => {
    const shapes = STATES.filter((state) => stateSign(account({ state })).shape === 'triangle');
    expect(shapes).toEqual(['needs_login']);
  });

  it('stays connected while the issuer is unreachable, and says so', () => {
    const sign = stateSign(account({ unreachable_since: '2026-11-25T08:00:00Z' }));
    expect(sign).toEqual({ words: 'Connected, not reachable', shape: 'cloud', tone: 'quiet' });
  });
});

describe('usable until', () => {
  it('names the day and the distance', () => {
    expect(usableUntil(account(), NOW)).toEqual({
      main: '23 Jan 2027',
      detail: 'in 59 days',
      at: '2027-01-23T10:00:00Z',
    });
  });

  it('keeps never, unknown and not usable apart', () => {
    const until = (differs: Parameters<typeof account>[0]) => usableUntil(account(differs), NOW).main;
    expect(until({ expires: 'never' })).toBe('No end date');
    expect(until({ expires: 'unknown' })).toBe('Not told by Facebook');
    expect(until({ expires: null })).toBe('Not usable');
  });

  it('promises nothing for an account that needs its person, whatever the date says', () => {
    expect(usableUntil(account({ state: 'needs_login' }), NOW).main).toBe('Not usable');
    expect(usableUntil(account({ state: 'signed_out' }), NOW).main).toBe('Not usable');
  });

  it('says that a date has passed', () => {
    const fact = usableUntil(account({ expires: { at: '2026-11-20T10:00:00Z' } }), NOW);
    expect(fact).toMatchObject({ main: 'Ended on 20 Nov 2026', detail: '5 days ago' });
  });
});

describe('last check', () => {
  it('tells the three results apart from never having asked', () => {
    const at = '2026-11-25T09:57:00Z';
    const main = (result: 'good' | 'cant_tell' | 'dead') =>
      lastCheck(account({ last_check: { at, result, sentence: '' } }), NOW).main;
    expect([main('good'), main('cant_tell'), main('dead')]).toEqual(['Good', 'Could not tell', 'Ended']);
    expect(lastCheck(account({ last_check: null }), NOW).main).toBe('Not checked yet');
  });

  it('counts back from now', () => {
    expect(lastCheck(account(), NOW).detail).toBe('3 minutes ago');
  });
});

describe('remarks', () => {
  it('are absent on a healthy account', () => {
    expect(remarks(account(), NOW)).toEqual([]);
  });

  it('give the reason with its next step first', () => {
    const reason = { code: 'password_changed', sentence: 'The password was changed.', next_step: 'Sign in again.' };
    const all = remarks(account({ state: 'needs_login', reason, missing_scopes: ['pages_manage_posts'] }), NOW);
    expect(all[0]).toEqual({ sentence: 'The password was changed.', next: 'Sign in again.' });
    expect(all[1]?.sentence).toContain('pages_manage_posts');
  });

  it('count the posts that wait', () => {
    const said = (held_posts: number) => remarks(account({ held_posts }), NOW).map((remark) => remark.sentence);
    expect([said(1), said(2)]).toEqual([['One post waits for this account.'], ['2 posts wait for this account.']]);
  });

  it('mention the end of data access only when it comes before the sign-in’s own', () => {
    const early = remarks(account({ data_access_ends: { at: '2026-12-05T10:00:00Z' } }), NOW);
    expect(early.map((remark) => remark.sentence)).toEqual(['Access to data ends on 5 Dec 2026 (in 10 days).']);
    expect(remarks(account({ data_access_ends: { at: '2027-02-22T10:00:00Z' } }), NOW)).toEqual([]);
    const behind = remarks(account({ expires: 'never', data_access_ends: { at: '2026-11-20T10:00:00Z' } }), NOW);
    expect(behind[0]?.sentence).toContain('ended on 20 Nov 2026');
  });
});
