/** What the portal says of a template while it is written, as `callboard template lint` does. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { ApiError } from '../api/client';
import { type LintProblem, scaffolder } from '../api/scaffolder';
import { MAY, useMay } from '../session/may';
import { useSettled } from '../ui/settled';
import type { Problem } from './template';

const TYPING_MS = 500;
/** The portal reads no longer texts. */
const MAX_LENGTH = 1_000_000;

/** The problems of a text; none known where the portal does not look at it. */
export function useLint(text: string, isTemplate: boolean): Problem[] | undefined {
  const settled = useSettled(text, TYPING_MS);
  const may = useMay(MAY.createTask);
  const [isRefused, setRefused] = useState(false);
  const { data, error } = useQuery({
    queryKey: ['lint', settled],
    queryFn: ({ signal }) => scaffolder.lint(settled, signal),
    enabled: isTemplate && may !== false && !isRefused && settled.length <= MAX_LENGTH,
    // What was said before stands until there is an answer.
    placeholderData: previous => previous,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  useEffect(() => {
    // It will not be allowed with the next letter either.
    if (error instanceof ApiError && (error.isDenied || error.isMissing)) setRefused(true);
  }, [error]);
  return useMemo(
    () => (isTemplate && !isRefused ? data?.problems.map(toldBy) : undefined),
    [data, isTemplate, isRefused],
  );
}

function toldBy({ severity, message, position, hint }: LintProblem): Problem {
  return {
    severity: severity === 'error' ? 'error' : 'warn',
    message: sentence(message),
    line: position?.line,
    ...(hint && { hint: sentence(hint) }),
  };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
