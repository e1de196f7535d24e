/** Counts of what is wrong, each leading to the list. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client';
import { Card } from '../ui/Page';
import { formatCount, Notice, Skeleton, type Tone } from '../ui/Small';
import { ErrorState } from '../ui/States';
import { conflictsQuery, countQuery, errorsQuery, heldQuery } from './queries';

const isDenied = (error: Error | null) => error instanceof ApiError && error.isDenied;

function useTroubles() {
  const orphans = useQuery(countQuery('orphans'));
  const unowned = useQuery(countQuery('unowned'));
  const errors = useQuery(errorsQuery);
  const held = useQuery(heldQuery);
  const conflicts = useQuery(conflictsQuery);
  const all = [orphans, unowned, errors, held, conflicts];
  const counts = {
    errors: errors.data?.length ?? 0,
    // What was approved waits for nobody.
    held: held.data?.filter(({ approved }) => !approved).length ?? 0,
    conflicts: conflicts.data?.length ?? 0,
    orphans: orphans.data ?? 0,
    unowned: unowned.data ?? 0,
  };
  return {
    counts,
    isCalm: Object.values(counts).every(n => n === 0),
    isLoading: all.some(query => query.isPending),
    /** Something is not shown to this user. */
    isBlind: all.some(({ error }) => isDenied(error)),
    failure: all.find(({ error }) => error && !isDenied(error))?.error,
    retry: () => {
      for (const query of all) if (query.error) void query.refetch();
    },
  };
}

export function Attention() {
  const { counts, isCalm, isLoading, isBlind, failure, retry } = useTroubles();
  return (
    <Card title="Needs attention">
      <div className="column" style={{ gap: 8 }}>
        {isLoading && !failure && <Skeleton width="60%" />}
        {failure && <ErrorState error={failure} onRetry={retry} />}
        {isCalm && !isLoading && !failure && (
          <Notice tone={isBlind ? 'info' : 'ok'}>
            {isBlind
              ? 'Nothing that you may see. Whether every file could be read is not shown to you.'
              : 'Nothing: every file could be read, and everything has an owner.'}
          </Notice>
        )}
        <Trouble n={counts.errors} tone="error">
          <Link to="/admin/$section" params={{ section: 'errors' }}>
            {many(counts.errors, 'entity', 'entities')} with errors
          </Link>
        </Trouble>
        <Trouble n={counts.held} tone="warn">
          <Link to="/admin/$section" params={{ section: 'held' }}>
            {many(counts.held, 'source wants', 'sources want')} to remove much, and{' '}
            {counts.held === 1 ? 'waits' : 'wait'} for you
          </Link>
        </Trouble>
        <Trouble n={counts.conflicts} tone="warn">
          <Link to="/admin/$section" params={{ section: 'conflicts' }}>
            {many(counts.conflicts, 'entity is', 'entities are')} claimed by two sources
          </Link>
        </Trouble>
        <Trouble n={counts.orphans} tone="warn">
          <Link to="/catalog" search={{ q: 'is:orphan' }}>
            {many(counts.orphans, 'orphan', 'orphans')}
          </Link>
        </Trouble>
        <Trouble n={counts.unowned} tone="warn">
          <Link
            to="/catalog"
            search={{ q: 'is:unowned kind:component kind:api kind:system kind:resource' }}
          >
            {formatCount(counts.unowned)} without an owner
          </Link>
        </Trouble>
      </div>
    </Card>
  );
}

const many = (n: number, one: string, more: string) => `${formatCount(n)} ${n === 1 ? one : more}`;

/** Nothing where there is none of it. */
function Trouble({ n, tone, children }: { n: number; tone: Tone; children: ReactNode }) {
  return n > 0 && <Notice tone={tone}>{children}</Notice>;
}
