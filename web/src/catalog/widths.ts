/** Widths that people gave to columns, kept in this browser. */

import { useState } from 'react';
import type { Column } from './columns';

const KEY = 'callboard.widths';
/** Narrower than this nothing can be read; wider than this part of the table hides the others. */
const MIN_PX = 56;
const MAX_PART = 0.6;

/** Pixels by column; columns that are not in it share what is left. */
export type Widths = Readonly<Record<string, number>>;

/** What was kept, as far as it is what we would have kept. */
export function readWidths(text: string | null): Widths {
  try {
    const kept: unknown = JSON.parse(text ?? '{}');
    if (typeof kept !== 'object' || kept === null) return {};
    return Object.fromEntries(
      Object.entries(kept).filter(([, px]) => Number.isFinite(px) && px >= MIN_PX),
    );
  } catch {
    return {};
  }
}

/** A width within bounds, in a table of so many pixels. */
export function boundedWidth(px: number, table: number): number {
  return Math.round(Math.max(MIN_PX, Math.min(px, table * MAX_PART)));
}

/** What a column has in a narrow table, where descriptions are left out. */
function narrowWidth({ id }: Column): string {
  return id === 'name' ? 'minmax(150px, 1.6fr)' : 'minmax(72px, 1fr)';
}

/** The columns as CSS grid takes them; the first is for the box that selects. */
export function templateOf(columns: Column[], widths: Widths, isNarrow = false): string {
  const shown = isNarrow ? columns.filter(({ id }) => id !== 'description') : columns;
  const width = (column: Column) => {
    const px = widths[column.id];
    // A width of another window must not push the rest out of this one.
    if (px !== undefined) return `minmax(${MIN_PX}px, ${px}px)`;
    return isNarrow ? narrowWidth(column) : column.width;
  };
  return ['28px', ...shown.map(width)].join(' ');
}

/** The widths, and how one is set, or given back with `undefined`. */
export function useWidths(): [Widths, (id: string, px: number | undefined) => void] {
  const [widths, setWidths] = useState(() => readWidths(localStorage.getItem(KEY)));
  const set = (id: string, px: number | undefined) => {
    const { [id]: _, ...others } = widths;
    const next = px === undefined ? others : { ...others, [id]: px };
    localStorage.setItem(KEY, JSON.stringify(next));
    setWidths(next);
  };
  return [widths, set];
}
