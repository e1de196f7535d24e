/**
 * The pages of a form have addresses: `?page=2` is the second, and the last look comes after all of
 * them. Back and Forward of the browser go from page to page; an address of a page that nobody has
 * reached yet leads to the one that has to be filled in first.
 */

import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { pageIn, pageText } from './pageText';

const route = getRouteApi('/create/templates/$namespace/$name');

export interface Pages {
  /** The page that is shown. */
  at: number;
  /** Whether the address asks for a later one. */
  isAhead: boolean;
  /** Whether this form has been shown under its address before. */
  isShown: () => boolean;
  go: (page: number) => void;
  /** Gives the page that is shown its address again. */
  stay: () => void;
}

/** `reached` is the last page before which everything is in order. */
export function usePages(nPages: number, reached: number): Pages {
  const { page } = route.useSearch();
  const navigate = route.useNavigate();
  const { history } = useRouter();
  const wanted = pageIn(page, nPages);
  const at = Math.min(wanted, reached);
  const isAhead = wanted > at;
  const shown = useRef<{ at: number; index: number }>(undefined);
  // Not by a hook: the place in the history is known before the page that is there.
  const indexNow = () => history.location.state.__TSR_index;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page
  useEffect(() => {
    if (!isAhead) shown.current = { at, index: indexNow() };
  }, [isAhead, at]);
  const write = (to: number, replace: boolean) =>
    navigate({ search: now => ({ ...now, page: pageText(to) }), replace });
  return {
    at,
    isAhead,
    isShown: () => shown.current !== undefined,
    go: to => {
      // Forward may have led there meanwhile.
      if (to !== wanted) void write(to, false);
    },
    stay: () => {
      const { at: before, index = indexNow() } = shown.current ?? {};
      const distance = before === at ? index - indexNow() : 0;
      // Where it stands in the history, Back and Forward go on as before.
      if (distance !== 0) history.go(distance);
      else void write(at, true);
    },
  };
}
