// Accounts for tests.
import type { Backend } from './backend';
import type { Account, AccountsReply, Problem } from './types';

export const NOW = new Date('2026-11-25T10:00:00Z');

/** A healthy account; name what differs. */
export function account(differs: Partial<Account> = {}): Account {
  return {
    id: 'facebook-10001',
    provider: 'facebook',
    provider_name: 'Facebook',
    name: 'Ada Practice',
    identity: '10001',
    state: 'active',
    reason: null,
    expires: { at: '2027-01-23T10:00:00Z' },
    data_access_ends: null,
    issued_at: '2026-11-24T10:00:00Z',
    signed_in_at: '2026-11-24T10:00:00Z',
    last_check: { at: '2026-11-25T09:57:00Z', result: 'good', sentence: 'The issuer says it is good.' },
    unreachable_since: null,
    remember: 'always',
    forget_at: null,
    scopes: ['pages_show_list'],
    missing_scopes: [],
    generation: 3,
    held_posts: 0,
    ...differs,
  };
}

/** A program whose answers the test gives one by one, in any order. */
export class HeldBackend implements Backend {
  readonly asked: { answer: (reply: AccountsReply) => void; refuse: (problem: Problem) => void }[] = [];

  accounts(): Promise<AccountsReply> {
    return new Promise((answer, refuse) => this.asked.push({ answer, refuse }));
  }
}

/** A program that answers at once with these accounts. */
export function listing(...accounts: Account[]): Backend {
  return { accounts: () => Promise.resolve({ accounts }) };
}

/** A program that refuses. */
export function refusing(problem: Problem): Backend {
  return { accounts: () => Promise.reject(problem) };
}
