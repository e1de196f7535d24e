/** Which entities of a list are selected; going back to a list finds them selected again. */

import { useRouterState } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';

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

export interface Selection {
  selected: Selected;
  toggle: (ref: string) => void;
  /** Selects them all, or none of them. */
  set: (refs: readonly string[], isOn: boolean) => void;
  clear: () => void;
}

export function changed(selected: Selected, refs: readonly string[], isOn: boolean): Selected {
  const next = new Set(selected);
  for (const ref of refs) {
    if (isOn) next.add(ref);
    else next.delete(ref);
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
