/** Ties the faults of a field to its input, for those who do not see where they stand. */

import { type RefObject, useEffect, useRef } from 'react';

/** Marks the input below the element as wrong while it is; its faults have the id `errorId`. */
export function useFaults<T extends HTMLElement>(
  isWrong: boolean,
  errorId: string,
): RefObject<T | null> {
  const host = useRef<T>(null);
  useEffect(() => {
    const input = host.current?.querySelector('input,select,textarea');
    if (!input || !isWrong) return;
    const before = input.getAttribute('aria-describedby');
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', errorId);
    return () => {
      input.removeAttribute('aria-invalid');
      if (before === null) input.removeAttribute('aria-describedby');
      else input.setAttribute('aria-describedby', before);
    };
  }, [isWrong, errorId]);
  return host;
}
