/** Which entities of a list are selected; going back to a list finds them selected again. */

import { useRouterState } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { type Listing, MAX_SELECTED } from './rows';

export type Selected = ReadonlySet<string>;

/** Entries of the history whose selection is kept. */
const MAX_KEPT = 50;

const kept = new Map<string, Selected>();

/** Keeps the selection of an entry of the history, the newest longest. */
export function keepSelection(entry: string, selected: Selected): void {
  kept.delete(entry);
  if (selected.size > 0) kept.set(entry, selected);
  for (const old of kept.keys()) {
    if (kept.size <= MAX_KEPT) return;
    kept.delete(old);
  }
}

export function keptSelection(entry: string): Selected {
  return kept.get(entry) ?? new Set();
}

/** The list that was selected as a whole last, with what it had then. */
let whole: { of: string; refs: readonly string[] } = { of: '', refs: [] };

const nameOf = (listing: Listing) => JSON.stringify(listing);

export function keepWhole(listing: Listing, refs: readonly string[]): void {
  whole = { of: nameOf(listing), refs };
}

/**
 * Whether all `n` rows of a list are selected. How many are selected does not tell: they may be from
 * another filter.
 */
export function isWhole(listing: Listing, n: number, selected: Selected): boolean {
  return (
    n > 0 &&
    whole.refs.length >= n &&
    whole.of === nameOf(listing) &&
    whole.refs.every(ref => selected.has(ref))
  );
}

export interface Selection {
  selected: Selected;
  toggle: (ref: string) => void;
  /** Selects them all, or none of them. */
  set: (refs: readonly string[], isOn: boolean) => void;
  clear: () => void;
}

/** Adds or takes away; what would be too many is left out. */
export function changed(selected: Selected, refs: readonly string[], isOn: boolean): Selected {
  const next = new Set(selected);
  for (const ref of refs) {
    if (!isOn) next.delete(ref);
    else if (next.size < MAX_SELECTED) next.add(ref);
  }
  return next;
}

/** The selection of the list of this name. */
export function useSelection(list: string): Selection {
  const key = useRouterState({ select: ({ location }) => location.state.__TSR_key ?? '' });
  // On the way to another page, this one is still there when the entry is the next one already.
  const entry = `${list} ${key}`;
  // Another filter of the same list is another entry, and leaves the selection as it is.
  const [selected, setSelected] = useState(() => keptSelection(entry));
  useEffect(() => keepSelection(entry, selected), [entry, selected]);
  const set = useCallback(
    (refs: readonly string[], isOn: boolean) => setSelected(old => changed(old, refs, isOn)),
    [],
  );
  const toggle = useCallback(
    (ref: string) => setSelected(old => changed(old, [ref], !old.has(ref))),
    [],
  );
  const clear = useCallback(() => setSelected(new Set()), []);
  return { selected, toggle, set, clear };
}
