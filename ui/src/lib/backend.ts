// The one file that may import the desktop API. Everything else is given a `Backend`.
import { invoke, isTauri } from '@tauri-apps/api/core';
import type { AccountsReply, Problem } from './types';

/** What the pages can ask. A refused question rejects with a `Problem`. */
export interface Backend {
  accounts(): Promise<AccountsReply>;
}

/** The program around this window. */
export const desktop: Backend = {
  accounts: () => ask<AccountsReply>('accounts'),
};

async function ask<Reply>(command: string): Promise<Reply> {
  if (!isTauri()) {
    throw {
      code: 'not_in_the_window',
      message: 'This page is not open in the Evergrant window.',
      hints: ['Start it with `cargo xtask run`.'],
    } satisfies Problem;
  }
  try {
    return await invoke<Reply>(command);
  } catch (refusal) {
    throw asProblem(refusal);
  }
}

/** Commands refuse with a `Problem`; the desktop API itself refuses with a bare text. */
export function asProblem(refusal: unknown): Problem {
  if (isProblem(refusal)) {
    // Hints are left out where there are none.
    return { code: refusal.code, message: refusal.message, hints: refusal.hints ?? [] };
  }
  return {
    code: 'window_error',
    message: `The window could not ask its program: ${refusal instanceof Error ? refusal.message : String(refusal)}.`,
    hints: ['Close the window and open it again.'],
  };
}

function isProblem(value: unknown): value is Omit<Problem, 'hints'> & { hints?: string[] } {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, hints } = value as Record<string, unknown>;
  return (
    typeof code === 'string' && typeof message === 'string' && (hints === undefined || Array.isArray(hints))
  );
}
