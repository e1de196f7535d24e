/** The audit log: who did what, and who tried to. */

import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Download, ShieldCheck } from 'lucide-react';
import { useId } from 'react';
import { admin, type Outcome, type Verification } from '../../api/admin';
import { download } from '../../catalog/export';
import { Button } from '../../ui/Button';
import { Badge, CopyButton, formatCount, Notice, SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { AdminFrame } from '../AdminFrame';
import { type AuditFilter, toQuery } from './filter';
import { Records } from './Records';

const route = getRouteApi('/admin/audit');
const PAGE = 100;

export default function AuditPage() {
  const filter = route.useSearch();
  const query = toQuery(filter);
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } =
    useInfiniteQuery({
      queryKey: ['audit', query],
      queryFn: ({ pageParam, signal }) =>
        admin.audit({ ...query, limit: String(PAGE), ...pageParam }, signal),
      initialPageParam: {} as Record<string, string>,
      getNextPageParam: page => (page.nextCursor ? { cursor: page.nextCursor } : undefined),
      placeholderData: previous => previous,
    });
  const records = data?.pages.flatMap(page => page.items) ?? [];
  return (
    <AdminFrame
      title="Audit log"
      lead="Every change, and every request that was refused, in a chain that shows tampering."
      actions={<Actions query={query} />}
    >
      <Filters filter={filter} />
      <div className="card">
        {isPending && <SkeletonRows n={8} />}
        {error && <ErrorState error={error} onRetry={() => refetch()} />}
        {data && records.length === 0 && <Nothing isFiltered={Object.keys(query).length > 0} />}
        {records.length > 0 && <Records records={records} />}
      </div>
      {hasNextPage && (
        <div>
          <Button disabled={isFetchingNextPage} onClick={() => fetchNextPage()}>
            {isFetchingNextPage ? 'Loading…' : 'Show older records'}
          </Button>
        </div>
      )}
    </AdminFrame>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="No record matches">
      Texts are compared as a whole: <code>user:default/ann</code>, not <code>ann</code>.{' '}
      <Link to="/admin/audit">Show all records</Link>
    </Empty>
  ) : (
    <Empty title="Nothing has happened yet">The first change or refusal will be here.</Empty>
  );
}

const TEXTS: [keyof AuditFilter, string][] = [
  ['actor', 'Actor'],
  ['action', 'Action'],
  ['subject', 'Subject'],
];
const OUTCOMES: Outcome[] = ['succeeded', 'denied', 'failed'];

function Filters({ filter }: { filter: AuditFilter }) {
  const navigate = route.useNavigate();
  const id = useId();
  const set = (name: keyof AuditFilter, value: string) =>
    navigate({ search: { ...filter, [name]: value || undefined }, replace: true });
  return (
    <search className="filters" aria-label="Filter the records">
      {TEXTS.map(([name, label]) => (
        <input
          key={`${name} ${filter[name] ?? ''}`}
          className="input"
          aria-label={label}
          placeholder={label}
          defaultValue={filter[name]}
          onBlur={event =>
            event.target.value !== (filter[name] ?? '') && set(name, event.target.value)
          }
          onKeyDown={event => event.key === 'Enter' && set(name, event.currentTarget.value)}
        />
      ))}
      <select
        className="select"
        aria-label="Outcome"
        value={filter.outcome ?? ''}
        onChange={event => set('outcome', event.target.value)}
      >
        <option value="">Any outcome</option>
        {OUTCOMES.map(outcome => (
          <option key={outcome} value={outcome}>
            {outcome}
          </option>
        ))}
      </select>
      {(['since', 'until'] as const).map(name => (
        <label key={name} className="page-actions muted" htmlFor={`${id}${name}`}>
          {name}
          <input
            id={`${id}${name}`}
            className="select"
            type="datetime-local"
            value={filter[name] ?? ''}
            onChange={event => set(name, event.target.value)}
          />
        </label>
      ))}
      {filter.requestId && (
        <Button size="small" onClick={() => set('requestId', '')}>
          Request {filter.requestId} ✕
        </Button>
      )}
    </search>
  );
}

function Actions({ query }: { query: Record<string, string> }) {
  const verify = useMutation({ mutationFn: admin.verify });
  const save = useMutation({
    mutationFn: () => admin.exportAudit(query),
    onSuccess: blob => download('audit.jsonl', 'application/x-ndjson', blob),
  });
  const error = verify.error ?? save.error;
  return (
    <>
      {error && <Notice tone="error">{error.message}</Notice>}
      {verify.data && <Verdict verification={verify.data} />}
      <Button disabled={verify.isPending} onClick={() => verify.mutate()}>
        <ShieldCheck aria-hidden /> {verify.isPending ? 'Checking…' : 'Check the chain'}
      </Button>
      <Button disabled={save.isPending} onClick={() => save.mutate()}>
        <Download aria-hidden /> Export
      </Button>
    </>
  );
}

function Verdict({ verification }: { verification: Verification }) {
  const { nFaults, nRecords, last, hash, faults } = verification;
  const records = `${formatCount(nRecords)} ${nRecords === 1 ? 'record' : 'records'}`;
  if (nFaults > 0) {
    const first = faults[0];
    const at = first?.seq ?? first?.from;
    return (
      <Badge tone="error">
        {formatCount(nFaults)} {nFaults === 1 ? 'fault' : 'faults'} in {records}
        {at !== undefined && `, the first at ${at}`}
      </Badge>
    );
  }
  return (
    <span role="status" className="page-actions" style={{ gap: 4 }}>
      <Badge tone="ok">whole: {records}</Badge>
      <CopyButton text={`${last} ${hash}`} label="Copy number and hash of the last record" />
    </span>
  );
}
