/** What this tab heard of entities since it was opened: there is no other record of when they changed. */

import type { Change } from './follow';

export interface Seen {
  at: number;
  ref: string;
  isRemoved: boolean;
}

/** The oldest are forgotten. */
const MAX_SEEN = 2000;

let all: readonly Seen[] = [];
const listeners = new Set<() => void>();

export const seen = {
  get: (): readonly Seen[] => all,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Keeps what a change says, the latest first. */
  add(change: Change, at = Date.now()): void {
    if (change.kind !== 'entities') return;
    const entries = [
      ...change.changed.map(ref => ({ at, ref, isRemoved: false })),
      ...change.removed.map(ref => ({ at, ref, isRemoved: true })),
    ];
    all = [...entries, ...all].slice(0, MAX_SEEN);
    for (const listener of listeners) listener();
  },
};
