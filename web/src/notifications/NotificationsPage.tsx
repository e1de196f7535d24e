/** What the portal tells the user: read, kept, found again. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { CheckCheck } from 'lucide-react';
import { useEffect } from 'react';
import { notifications, SEVERITIES } from '../api/notifications';
import { Button } from '../ui/Button';
import { FindField } from '../ui/FindField';
import { Page } from '../ui/Page';
import { Paging } from '../ui/Paging';
import { formatCount, Notice, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import {
  type Filter,
  matching,
  PAGE,
  pageOf,
  SHOWN,
  type Shown,
  severityOf,
  shownOf,
  sortOf,
  toQuery,
} from './filter';
import { List } from './List';
import { countsQuery, NOTIFICATIONS, topicsQuery } from './queries';
import { type Marking, told, useMark } from './useMark';
import './notifications.css';

const route = getRouteApi('/notifications');

export default function NotificationsPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = toQuery(filter);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: [...NOTIFICATIONS, 'list', query],
    queryFn: ({ signal }) => notifications.list(query, signal),
    placeholderData: previous => previous,
  });
  const marking = useMark();
  const { forget } = marking;
  const key = JSON.stringify(query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was done elsewhere is not undone here
  useEffect(forget, [key, forget]);
  const found = data?.notifications ?? [];
  const page = pageOf(filter);
  return (
    <Page title="Notifications" actions={<ReadAll filter={filter} marking={marking} />}>
      <Filters filter={filter} total={data?.totalCount} />
      <Outcome marking={marking} />
      <div className="card">
        {isPending && <SkeletonRows n={6} />}
        {error && <ErrorState error={error} onRetry={() => refetch()} />}
        {data && !error && found.length === 0 && (
          <Nothing filter={filter} total={data.totalCount} />
        )}
        {!error && found.length > 0 && <List key={key} items={found} marking={marking} />}
      </div>
      <Paging
        page={page}
        size={PAGE}
        total={data?.totalCount ?? 0}
        onPage={to => navigate({ search: { ...filter, page: to === 0 ? undefined : String(to) } })}
      />
    </Page>
  );
}

/** Everything that the filters leave, beyond this page, too. */
function ReadAll({ filter, marking }: { filter: Filter; marking: Marking }) {
  const { data } = useQuery(countsQuery);
  const shown = shownOf(filter);
  const query = matching(filter);
  if (!data?.unread || (shown !== 'unread' && shown !== 'all')) return null;
  return (
    <Button disabled={marking.isPending} onClick={() => marking.readAll(query)}>
      <CheckCheck aria-hidden /> {query.length > 0 ? 'Mark these as read' : 'Mark all as read'}
    </Button>
  );
}

function Outcome({ marking }: { marking: Marking }) {
  const { done, error, isPending, undo } = marking;
  if (error) return <Notice tone="error">{error.message}</Notice>;
  if (!done) return null;
  return (
    <div className="selection" role="status">
      <span className="grow">{told(done)}</span>
      <Button size="small" disabled={isPending} onClick={undo}>
        Undo
      </Button>
    </div>
  );
}

const NAMES: Record<Shown, string> = { unread: 'Unread', read: 'Read', saved: 'Saved', all: 'All' };

function Filters({ filter, total }: { filter: Filter; total: number | undefined }) {
  const navigate = route.useNavigate();
  const { data: topics = [] } = useQuery(topicsQuery);
  const set = (part: Filter) =>
    navigate({ search: { ...filter, page: undefined, ...part }, replace: true });
  const known = filter.topic && !topics.includes(filter.topic) ? [filter.topic] : [];
  return (
    <search className="filters" aria-label="Filter the notifications">
      <fieldset className="segmented" aria-label="Which">
        {SHOWN.map(shown => (
          <button
            key={shown}
            type="button"
            aria-pressed={shownOf(filter) === shown}
            onClick={() => set({ show: shown === 'unread' ? undefined : shown })}
          >
            {NAMES[shown]}
          </button>
        ))}
      </fieldset>
      <FindField
        label="Find in title, text and link"
        placeholder="Find"
        type="search"
        value={filter.find ?? ''}
        onChange={text => set({ find: text || undefined })}
      />
      <select
        className="select"
        aria-label="Severity"
        value={severityOf(filter) ?? ''}
        onChange={event => set({ severity: event.target.value || undefined })}
      >
        <option value="">Any severity</option>
        {SEVERITIES.map(severity => (
          <option key={severity} value={severity}>
            {severity === 'critical' ? severity : `${severity} or more`}
          </option>
        ))}
      </select>
      <select
        className="select"
        aria-label="Topic"
        value={filter.topic ?? ''}
        onChange={event => set({ topic: event.target.value || undefined })}
      >
        <option value="">Any topic</option>
        {[...known, ...topics].map(topic => (
          <option key={topic} value={topic}>
            {topic}
          </option>
        ))}
      </select>
      <select
        className="select"
        aria-label="Order"
        value={sortOf(filter)}
        onChange={event =>
          set({ sort: event.target.value === 'newest' ? undefined : event.target.value })
        }
      >
        <option value="newest">Newest first</option>
        <option value="oldest">Oldest first</option>
        <option value="severity">Most severe first</option>
      </select>
      {total !== undefined && (
        <span className="muted" role="status">
          {formatCount(total)} {total === 1 ? 'notification' : 'notifications'}
        </span>
      )}
    </search>
  );
}

const EMPTY: Record<Shown, string> = {
  unread: 'Nothing is unread',
  read: 'Nothing has been read yet',
  saved: 'Nothing is saved',
  all: 'Nobody has told you anything yet',
};

function Nothing({ filter, total }: { filter: Filter; total: number }) {
  const navigate = route.useNavigate();
  const show = (search: Filter) => () => void navigate({ search });
  if (total > 0) {
    return (
      <Empty
        title="This page is empty by now"
        actions={
          <Button onClick={show({ ...filter, page: undefined })}>Go to the first page</Button>
        }
      />
    );
  }
  if (matching(filter).length > 0) {
    return (
      <Empty
        title="No notification matches"
        actions={<Button onClick={show({ show: filter.show })}>Remove the filters</Button>}
      />
    );
  }
  const shown = shownOf(filter);
  return (
    <Empty
      title={EMPTY[shown]}
      actions={shown !== 'all' && <Button onClick={show({ show: 'all' })}>Show all</Button>}
    >
      Templates and programs tell you here what concerns you: a run that waits, a pipeline that
      failed. Settings has what you want to hear of.
    </Empty>
  );
}
