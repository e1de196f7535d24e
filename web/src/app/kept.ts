/** Lists kept in this browser: stars, what was looked at, who gave tokens. */

import { useSyncExternalStore } from 'react';

class KeptList {
  private listeners = new Set<() => void>();
  private items: readonly string[];

  constructor(
    private readonly key: string,
    private readonly limit: number,
  ) {
    this.items = this.read();
    // Other tabs of the portal show the same lists.
    globalThis.addEventListener?.('storage', event => {
      if (event.key === this.key) this.show(this.read());
    });
  }

  readonly get = (): readonly string[] => this.items;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  has(item: string): boolean {
    return this.items.includes(item);
  }

  /** Puts an item first. */
  add(item: string): void {
    this.write([item, ...this.items.filter(other => other !== item)].slice(0, this.limit));
  }

  toggle(item: string): void {
    if (this.has(item)) this.write(this.items.filter(other => other !== item));
    else this.add(item);
  }

  /** Takes another list instead. */
  replace(items: readonly string[]): void {
    const kept = items.slice(0, this.limit);
    if (JSON.stringify(kept) !== JSON.stringify(this.items)) this.write(kept);
  }

  private read(): readonly string[] {
    try {
      const items: unknown = JSON.parse(localStorage.getItem(this.key) ?? '[]');
      return Array.isArray(items) ? items.filter(item => typeof item === 'string') : [];
    } catch {
      return [];
    }
  }

  private write(items: readonly string[]): void {
    try {
      localStorage.setItem(this.key, JSON.stringify(items));
    } catch {
      // A browser that keeps nothing, or no more: this page has them all the same.
    }
    this.show(items);
  }

  private show(items: readonly string[]): void {
    this.items = items;
    for (const listener of this.listeners) listener();
  }
}

/** The portal has them all; a browser has no room for more. */
const MAX_STARS = 10_000;

export const stars = new KeptList('callboard.stars', MAX_STARS);
export const recent = new KeptList('callboard.recent', 30);
/** Ids of the providers that gave tokens for source control hosts. */
export const allowed = new KeptList('callboard.allowed', 20);

/** Where the names that this browser has seen are kept, of who is signed in. */
export const NAMES = 'callboard.names';
/** Whose all of it is. */
const OWNER = 'callboard.kept-for';

/** Forgets what is kept of who was signed in. */
export function forgetKept(): void {
  for (const list of [stars, recent, allowed]) list.replace([]);
  for (const key of [NAMES, OWNER]) localStorage.removeItem(key);
}

/** What is kept belongs to this user from now on: nothing of somebody else is left. */
export function keepFor(userEntityRef: string): void {
  if (localStorage.getItem(OWNER) === userEntityRef) return;
  forgetKept();
  try {
    localStorage.setItem(OWNER, userEntityRef);
  } catch {
    // A browser that keeps nothing has nothing of anybody else either.
  }
}

export function useKept(list: KeptList): readonly string[] {
  return useSyncExternalStore(list.subscribe, list.get);
}
