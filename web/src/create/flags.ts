/**
 * Parts of templates that only those see who switched them on (`backstage:featureFlag`): kept in this
 * browser, in the form in which Backstage keeps them.
 */

import { isRecord } from '../api/entity';

const KEY = 'featureFlags';
const FLAG = 'backstage:featureFlag';
const MAX_DEPTH = 40;

type Store = Pick<Storage, 'getItem' | 'setItem'>;

const browserStore = (): Store | undefined => globalThis.localStorage;

function read(store: Store | undefined): Record<string, unknown> {
  try {
    const states: unknown = JSON.parse(store?.getItem(KEY) ?? '{}');
    return isRecord(states) ? states : {};
  } catch {
    return {};
  }
}

export const isFlagOn = (flag: string, store = browserStore()): boolean => read(store)[flag] === 1;

export function switchFlag(flag: string, isOn: boolean, store = browserStore()): void {
  store?.setItem(KEY, JSON.stringify({ ...read(store), [flag]: isOn ? 1 : 0 }));
}

/** Whether a page or a property waits for a flag that is not on. */
export function isHidden(part: unknown, isOn: (flag: string) => boolean = isFlagOn): boolean {
  const flag = isRecord(part) ? part[FLAG] : undefined;
  return typeof flag === 'string' && !isOn(flag);
}

/** Every flag that pages name, by name. */
export function flagsIn(pages: readonly unknown[]): string[] {
  const found = new Set<string>();
  const look = (value: unknown, depth: number) => {
    if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      if (key === FLAG && typeof part === 'string') found.add(part);
      else look(part, depth + 1);
    }
  };
  look(pages, 0);
  return [...found].sort();
}
