/**
 * Keys of the page: components register what they react to, and the help lists exactly that.
 *
 * Keys are written as `j`, `?`, `g c` (one after the other) or `mod+k` (Ctrl, or ⌘ on a Mac).
 */

import { useEffect, useRef, useSyncExternalStore } from 'react';

export interface Binding {
  keys: string;
  label: string;
  group: string;
  run: (event: KeyboardEvent) => void;
  /** Also while typing in a field. */
  always?: boolean;
}

/** A sequence is forgotten when its next key does not come in time. */
const SEQUENCE_MS = 1200;
const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '');

let bindings: readonly Binding[] = [];
const listeners = new Set<() => void>();
/** Set where people press letters without wanting to: by voice, or with a tremor. */
const QUIET = 'callboard.no-letters';
let pressed: { key: string; at: number } | null = null;

function change(next: readonly Binding[]): void {
  bindings = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether a binding is made of letters and signs alone. */
export const isPlain = (keys: string) => keys.split(' ').every(key => key.length === 1);

export const hasLetters = () => !globalThis.localStorage?.getItem(QUIET);

/** Switches keys without Ctrl or ⌘ on or off in this browser. */
export function setLetters(isOn: boolean): void {
  if (isOn) localStorage.removeItem(QUIET);
  else localStorage.setItem(QUIET, '1');
  change([...bindings]);
}

export const useLetters = () => useSyncExternalStore(subscribe, hasLetters);

/** The binding that `keys` mean now; what was registered last hides what was there before. */
export function find(all: readonly Binding[], keys: string): Binding | undefined {
  return all.findLast(binding => binding.keys === keys);
}

/** How a key is written in a binding. */
export function nameOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
): string {
  if (event.altKey) return '';
  const key = event.key.length === 1 ? event.key : event.key.toLowerCase();
  return event.ctrlKey || event.metaKey ? `mod+${key.toLowerCase()}` : key;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // A box that was ticked with the mouse keeps the focus, and takes no letters.
  if (target instanceof HTMLInputElement && target.type === 'checkbox') return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Whether the key means something to what has the focus: Enter opens a link, Space ticks a box. */
function isNative(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  return (
    event.target instanceof HTMLElement &&
    event.target.closest('a, button, input, summary') !== null
  );
}

/** Whether a menu or dialog is open, which has keys of its own. */
function isCovered(): boolean {
  return document.querySelector('[role="dialog"], [role="menu"], [role="alertdialog"]') !== null;
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isNative(event)) return;
  const key = nameOf(event);
  if (key === '') return;
  const isFresh = pressed !== null && event.timeStamp - pressed.at < SEQUENCE_MS;
  const sequence = isFresh && pressed ? `${pressed.key} ${key}` : key;
  const whole = sequence === key ? undefined : find(bindings, sequence);
  const binding = whole ?? find(bindings, key);
  const isBlocked = (isTyping(event.target) || isCovered()) && !binding?.always;
  pressed = isBlocked || whole ? null : { key, at: event.timeStamp };
  if (!binding || isBlocked || (isPlain(binding.keys) && !hasLetters())) return;
  event.preventDefault();
  binding.run(event);
}

globalThis.addEventListener?.('keydown', onKeyDown);

/** Registers keys while the component is there. */
export function useKeys(own: readonly Binding[]): void {
  const latest = useRef(own);
  latest.current = own;
  const signature = own.map(binding => `${binding.keys}\t${binding.label}`).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: bindings are the same while their keys and labels are
  useEffect(() => {
    const registered = latest.current.map((binding, at) => ({
      ...binding,
      run: (event: KeyboardEvent) => latest.current[at]?.run(event),
    }));
    change([...bindings, ...registered]);
    return () => change(bindings.filter(binding => !registered.includes(binding)));
  }, [signature]);
}

/** The keys that work now, without those that are hidden by others. */
export function useBindings(): readonly Binding[] {
  const all = useSyncExternalStore(subscribe, () => bindings);
  const isOn = useLetters();
  return all.filter(it => find(all, it.keys) === it && (isOn || !isPlain(it.keys)));
}

/** The caps of a binding, as printed on keyboards. */
export function caps(keys: string): string[] {
  return keys.split(' ').flatMap(part =>
    part.split('+').map(cap => {
      if (cap === 'mod') return isMac ? '⌘' : 'Ctrl';
      if (part.startsWith('mod+')) return cap.toUpperCase();
      return NAMES[cap] ?? cap;
    }),
  );
}

const NAMES: Record<string, string> = {
  enter: 'Enter',
  escape: 'Esc',
  arrowdown: '↓',
  arrowup: '↑',
};
