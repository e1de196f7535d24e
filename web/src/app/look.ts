/** How the app looks in this browser: theme, contrast, density. Applied by the page before paint. */

import { useSyncExternalStore } from 'react';

export interface Look {
  theme?: 'light' | 'dark';
  contrast?: 'more';
  density?: 'compact';
}

const KEY = 'callboard.look';
const listeners = new Set<() => void>();
let look: Look = read();

function read(): Look {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Look;
  } catch {
    return {};
  }
}

function apply(): void {
  const { dataset } = document.documentElement;
  for (const key of ['theme', 'contrast', 'density'] as const) {
    const value = look[key];
    if (value) dataset[key] = value;
    else delete dataset[key];
  }
}

export function setLook(change: Look): void {
  look = { ...look, ...change };
  localStorage.setItem(KEY, JSON.stringify(look));
  apply();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLook(): Look {
  return useSyncExternalStore(subscribe, () => look);
}
