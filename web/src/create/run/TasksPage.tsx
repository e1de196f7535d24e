/** Runs of templates: one's own, or everybody's. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { scaffolder, type Task, type TaskStatus } from '../../api/scaffolder';
import { useUser } from '../../session/useSession';
import { Button } from '../../ui/Button';
import { EntityLink } from '../../ui/EntityLink';
import { Page } from '../../ui/Page';
import { formatCount, SkeletonRows, Time } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { StatusBadge } from './StatusBadge';
import { subjectOf, titleOf } from './task';

const route = getRouteApi('/create/tasks');
const PAGE = 50;
const STATUSES: TaskStatus[] = ['open', 'processing', 'completed', 'failed', 'cancelled'];
/** A list with runs that go on is asked for again. */
const AGAIN_MS = 3000;
const isRunning = ({ status }: Task) => status === 'open' || status === 'processing';

export default function TasksPage() {
  const { by, status, page } = route.useSearch();
  const user = useUser();
  const isEverybody = by === 'all';
  const number = Math.max(0, Number(page ?? 0) || 0);
  const query = [
    ['limit', String(PAGE)],
    ['offset', String(number * PAGE)],
    ['order', 'desc:created_at'],
    // As the page of a run says it.
    ['tellCancelled', 'true'],
    ...(isEverybody ? [] : [['createdBy', user.userEntityRef]]),
    ...(status ? [['status', status]] : []),
  ];
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['tasks', query],
    queryFn: ({ signal }) => scaffolder.tasks(query, signal),
    placeholderData: previous => previous,
    refetchInterval: ({ state }) => (state.data?.tasks.some(isRunning) ? AGAIN_MS : false),
  });
  return (
    <Page title="Runs" crumbs={<Link to="/create">Create</Link>}>
      <Filters total={data?.totalTasks} />
      <div className="card">
        {isPending && <SkeletonRows n={6} />}
        {error && <ErrorState error={error} onRetry={() => refetch()} />}
        {data?.tasks.length === 0 && (
          <Empty title={status ? 'No run is in this state' : 'Nothing has been run yet'}>
            {isEverybody ? (
              <Link to="/create">Choose a template</Link>
            ) : (
              <Link to="/create/tasks" search={{ by: 'all' }}>
                Look at the runs of all
              </Link>
            )}
          </Empty>
        )}
        {data && data.tasks.length > 0 && <Table tasks={data.tasks} />}
      </div>
      <Paging page={number} total={data?.totalTasks ?? 0} />
    </Page>
  );
}

function Filters({ total }: { total: number | undefined }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (part: typeof search) =>
    navigate({ search: { ...search, page: undefined, ...part }, replace: true });
  return (
    <search className="page-actions" aria-label="Filter the runs">
      <fieldset className="segmented" aria-label="Whose">
        <button
          type="button"
          aria-pressed={search.by !== 'all'}
          onClick={() => set({ by: undefined })}
        >
          Mine
        </button>
        <button type="button" aria-pressed={search.by === 'all'} onClick={() => set({ by: 'all' })}>
          All
        </button>
      </fieldset>
      <select
        className="select"
        aria-label="State"
        value={search.status ?? ''}
        onChange={event => set({ status: event.target.value || undefined })}
      >
        <option value="">Any state</option>
        {STATUSES.map(status => (
          <option key={status} value={status}>
            {status}
          </option>
        ))}
      </select>
      {total !== undefined && (
        <span className="muted" role="status">
          {formatCount(total)} {total === 1 ? 'run' : 'runs'}
        </span>
      )}
    </search>
  );
}

function Table({ tasks }: { tasks: Task[] }) {
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col">By</th>
            <th scope="col">Started</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map(task => (
            <tr key={task.id}>
              <td>
                <Link to="/create/tasks/$id" params={{ id: task.id }}>
                  {titleOf(task)}
                </Link>{' '}
                <span className="muted">{subjectOf(task)}</span>
              </td>
              <td>
                <StatusBadge status={task.status} />
              </td>
              <td>{task.createdBy && <EntityLink entityRef={task.createdBy} />}</td>
              <td className="nowrap">
                <Time at={Date.parse(task.createdAt)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Paging({ page, total }: { page: number; total: number }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const last = Math.max(0, Math.ceil(total / PAGE) - 1);
  if (last === 0) return null;
  const go = (to: number) =>
    navigate({ search: { ...search, page: to === 0 ? undefined : String(to) } });
  return (
    <div className="page-actions">
      <Button disabled={page === 0} onClick={() => go(page - 1)}>
        Newer
      </Button>
      <span className="muted">
        Page {formatCount(page + 1)} of {formatCount(last + 1)}
      </span>
      <Button disabled={page >= last} onClick={() => go(page + 1)}>
        Older
      </Button>
    </div>
  );
}
