/** Where the user is signed in, and the end of that. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { auth, type BrowserSession } from '../api/auth';
import { session } from '../session/session';
import { Button } from '../ui/Button';
import { Card } from '../ui/Page';
import { Badge, formatSpan, Notice, SkeletonRows, Time } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';

const KEY = ['browser-sessions'];

/** What takes the place of a list that is empty, by how the user signed in. */
const NONE = {
  guest: 'Guests have no session: every page lets them in anew, so there is nothing to end.',
  proxy:
    'A proxy in front of the portal says who you are with every page, so sessions are ended there.',
  pages: 'The provider gives no session that lasts, so you sign in with each page.',
};

export function SessionsCard() {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: KEY,
    queryFn: auth.sessions,
  });
  const endOthers = useMutation({
    mutationFn: auth.endOtherSessions,
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
  const items = data?.items ?? [];
  const others = items.filter(({ isPresent }) => !isPresent);
  return (
    <Card
      title="Sessions"
      count={data && items.length}
      flush
      actions={
        others.length > 0 && (
          <Button
            size="small"
            variant="danger"
            disabled={endOthers.isPending}
            onClick={() => endOthers.mutate()}
          >
            End all others
          </Button>
        )
      }
    >
      {isPending && <SkeletonRows n={2} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {endOthers.error && <Notice tone="error">{endOthers.error.message}</Notice>}
      {data && items.length === 0 && (
        <Empty title="No session is kept">{NONE[session.via()?.kind ?? 'pages']}</Empty>
      )}
      <ul className="rows">
        {items.map(item => (
          <SessionRow key={item.id} item={item} />
        ))}
      </ul>
      {data && items.length > 0 && (
        <p className="session-note">
          A session that was ended gets no more tokens. The last one it got lives on for up to{' '}
          {formatSpan(data.tokenSeconds * 1000)}.
        </p>
      )}
    </Card>
  );
}

function nameOf({ browser, system, agent }: BrowserSession): string {
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? (agent || 'A browser without a name');
}

function SessionRow({ item }: { item: BrowserSession }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => auth.endSession(item.id),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
  const name = nameOf(item);
  return (
    <li>
      <div className="grow column session" style={{ gap: 2 }}>
        <div className="page-actions">
          <strong>{name}</strong>
          {item.isPresent && <Badge tone="ok">This browser</Badge>}
        </div>
        <span className="muted">
          {item.address && <>{item.address}, </>}
          signed in <Time at={item.begunAt} /> with {item.provider}, last used{' '}
          <Time at={item.usedAt} />
        </span>
        {end.error && <Notice tone="error">{end.error.message}</Notice>}
      </div>
      {!item.isPresent && (
        <Button
          size="small"
          variant="danger"
          aria-label={`End ${name}`}
          disabled={end.isPending}
          onClick={() => end.mutate()}
        >
          End
        </Button>
      )}
    </li>
  );
}
