import { asProblem, type Backend } from './backend';
import type { Account, Problem } from './types';

/** The accounts as this window knows them. Renders nothing. */
export class Accounts {
  /** The last list that arrived; `null` until the first one has. */
  list = $state.raw<Account[] | null>(null);
  /** Why the last question was refused; `null` once one succeeds. */
  problem = $state.raw<Problem | null>(null);
  /** A question is under way. */
  asking = $state(false);
  /** The instant the words "in 3 days" are counted from. */
  now = $state.raw(new Date());

  readonly #backend: Backend;
  readonly #clock: () => Date;
  #latest = 0;

  constructor(backend: Backend, clock: () => Date = () => new Date()) {
    this.#backend = backend;
    this.#clock = clock;
    this.tick();
  }

  /** Asks again. The list stays on screen meanwhile, and stays when the question is refused. */
  async refresh(): Promise<void> {
    const question = ++this.#latest;
    this.asking = true;
    try {
      const { accounts } = await this.#backend.accounts();
      if (question !== this.#latest) return; // a later question was asked: this answer is older than the next
      this.list = accounts;
      this.problem = null;
    } catch (refusal) {
      if (question !== this.#latest) return;
      this.problem = asProblem(refusal);
    }
    this.asking = false;
    this.tick();
  }

  /** Reads the clock again, so that relative times stay true while nothing else happens. */
  tick(): void {
    this.now = this.#clock();
  }
}
