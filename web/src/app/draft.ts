/**
 * What was filled in and not sent yet, kept for this tab and this user: who leaves a form finds it as
 * it was. Secrets do not belong into one.
 */

import { useCallback, useEffect, useRef, useState } from 'react';
import { useUser } from '../session/useSession';

const PREFIX = 'callboard.draft';
/** Larger ones are not kept: the browser has room for some megabytes in all. */
const MAX_LENGTH = 500_000;

export interface DraftStore {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
}

/** What was kept, if it still has the form of what is filled in. */
export function readDraft<T>(store: DraftStore, key: string): T | undefined {
  try {
    return JSON.parse(store.getItem(key) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value; what is as at the beginning is no draft. */
export function writeDraft(store: DraftStore, key: string, value: unknown, begin: unknown): void {
  try {
    const text = JSON.stringify(value);
    if (text === JSON.stringify(begin) || text.length > MAX_LENGTH) store.removeItem(key);
    else store.setItem(key, text);
  } catch {
    // A browser that keeps nothing: the form works without.
  }
}

export interface Draft<T> {
  value: T;
  set: (value: T | ((now: T) => T)) => void;
  /** Whether it was there before the form was opened. */
  isKept: boolean;
  /** Begins anew. */
  forget: () => void;
}

export function useDraft<T>(name: string, begin: T): Draft<T> {
  const { userEntityRef } = useUser();
  const key = `${PREFIX} ${userEntityRef} ${name}`;
  const first = useRef(begin);
  const [kept] = useState(() => readDraft<T>(sessionStorage, key));
  const [isKept, setKept] = useState(kept !== undefined);
  const [value, set] = useState<T>(kept ?? begin);
  useEffect(() => writeDraft(sessionStorage, key, value, first.current), [key, value]);
  const forget = useCallback(() => {
    set(first.current);
    setKept(false);
    // Who goes elsewhere at once does not see the next effect.
    writeDraft(sessionStorage, key, first.current, first.current);
  }, [key]);
  return { value, set, isKept, forget };
}
