/** Selecting many rows at once: all that the list has, or those between two. */

import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { refTextOf } from '../api/entity';
import { told } from '../app/told';
import { formatCount } from '../ui/Small';
import { type Listing, loadRows, MAX_SELECTED } from './rows';
import { isWhole, keepWhole, type Selection } from './selection';

/** Selects the row, or all from the one before to this one. */
export type SelectRow = (index: number, ref: string, isRange: boolean) => void;

const failed = (error: Error) => told.set(`These could not be selected: ${error.message}`);

export function useRange(listing: Listing, { toggle, set }: Selection): SelectRow {
  const client = useQueryClient();
  const before = useRef(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another listing are others
  useEffect(() => {
    before.current = -1;
  }, [listing]);
  return useCallback(
    (index, ref, isRange) => {
      const from = before.current;
      before.current = index;
      if (!isRange || from < 0 || from === index) return toggle(ref);
      const [first, last] = from < index ? [from, index] : [index, from];
      void loadRows(client, listing, first, Math.min(last, first + MAX_SELECTED - 1))
        .then(rows => set(rows.map(refTextOf), true))
        .catch(failed);
    },
    [client, listing, toggle, set],
  );
}

interface SelectAllProps {
  listing: Listing;
  selection: Selection;
  total: number | undefined;
}

/** The box above those of the rows. */
export function SelectAll({ listing, selection, total = 0 }: SelectAllProps) {
  const client = useQueryClient();
  const box = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const n = Math.min(total, MAX_SELECTED);
  const isAll = isWhole(listing, n, selection.selected);
  const isSome = selection.selected.size > 0 && !isAll;
  useEffect(() => {
    if (box.current) box.current.indeterminate = isSome;
  }, [isSome]);
  const change = () => {
    if (isAll) return selection.clear();
    setBusy(true);
    loadRows(client, listing, 0, n - 1)
      .then(rows => {
        const refs = rows.map(refTextOf);
        keepWhole(listing, refs);
        selection.set(refs, true);
      })
      .catch(failed)
      .finally(() => setBusy(false));
  };
  const which = n < total ? `the first ${formatCount(n)}` : `all ${formatCount(n)}`;
  return (
    <input
      ref={box}
      type="checkbox"
      aria-label={isAll ? 'Select none' : `Select ${which}`}
      title={isAll ? 'Select none' : `Select ${which}`}
      checked={isAll}
      disabled={isBusy || n === 0}
      onChange={change}
    />
  );
}
