/** Texts of fields that are kept in the address: here at once, there a moment later. */

import { useEffect, useRef, useState } from 'react';

const TYPING_MS = 120;

/**
 * What is still on its way when `value` arrives, of the texts that were `sent`, the oldest first;
 * `undefined` when `value` is none of them and comes from elsewhere.
 */
export function afterArrival(sent: readonly string[], value: string): string[] | undefined {
  const at = sent.indexOf(value);
  return at < 0 ? undefined : sent.slice(at + 1);
}

/**
 * The text of a field, and how it is changed. `onChange` is told when nobody has typed for a moment;
 * a `value` that comes from elsewhere replaces the text, one that was typed before does not.
 */
export function useTyped(
  value: string,
  onChange: (text: string) => void,
): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const sent = useRef<readonly string[]>([]);
  useEffect(() => {
    const left = afterArrival(sent.current, value);
    sent.current = left ?? [];
    if (!left) setText(value);
  }, [value]);
  const change = useRef(onChange);
  change.current = onChange;
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => {
      sent.current = [...sent.current, text];
      change.current(text);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  return [text, setText];
}
