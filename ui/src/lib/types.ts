// The replies of the window's commands, as the engine serialises them.

/** When a right ends. `unknown`: the issuer did not say. */
export type Expiry = { at: string } | 'never' | 'unknown';

export type AccountState =
  | 'active'
  | 'signing_in'
  | 'exchanging'
  | 'renewing'
  | 'needs_login'
  | 'signed_out';

/** Why an account needs its person: a code for the program, words for the person. */
export interface Reason {
  code: string;
  sentence: string;
  next_step: string;
}

/** What the issuer answered when it was last asked. */
export interface LastCheck {
  at: string;
  result: 'good' | 'cant_tell' | 'dead';
  sentence: string;
}

export type Remember = 'until_quit' | 'always' | { days: number };

/** One identity at one provider: facts, never tokens. Times are RFC 3339 in UTC. */
export interface Account {
  id: string;
  provider: string;
  provider_name: string;
  name: string;
  identity: string;
  state: AccountState;
  reason: Reason | null;
  expires: Expiry | null;
  data_access_ends: Expiry | null;
  issued_at: string | null;
  signed_in_at: string | null;
  last_check: LastCheck | null;
  unreachable_since: string | null;
  remember: Remember;
  forget_at: string | null;
  scopes: string[];
  missing_scopes: string[];
  generation: number;
  held_posts: number;
}

export interface AccountsReply {
  accounts: Account[];
}

/** An error reply: the program goes by the code, the person by the message and the hints. */
export interface Problem {
  code: string;
  message: string;
  hints: string[];
}
