/** What is known of what happened to an entity: what the audit log has, and what this tab saw. */

import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Records } from '../../admin/audit/Records';
import { admin } from '../../api/admin';
import { catalog } from '../../api/catalog';
import { type Entity, refOf, refTextOf } from '../../api/entity';
import { seen } from '../../live/seen';
import { MAY, useMay } from '../../session/may';
import { Card } from '../../ui/Page';
import { Badge, SkeletonRows, Time } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { changedLines, type Version, withVersion } from './versions';
import './history.css';

export default function HistoryTab({ entity }: { entity: Entity }) {
  return (
    <div className="column">
      <Watched key={refTextOf(entity)} entity={entity} />
      <Recorded entity={entity} />
    </div>
  );
}

const MAX_LINES = 40;

/** What happened while somebody was looking. */
function Watched({ entity }: { entity: Entity }) {
  const ref = refTextOf(entity);
  const heard = useSyncExternalStore(seen.subscribe, seen.get).filter(it => it.ref === ref);
  const [versions, setVersions] = useState<Version[]>([]);
  useEffect(() => setVersions(now => withVersion(now, entity, Date.now())), [entity]);
  const changes = versions.slice(0, -1).map((version, at) => ({
    at: version.at,
    lines: changedLines(versions[at + 1]?.entity ?? version.entity, version.entity),
  }));
  // What was heard before this tab was opened has no version to compare with.
  const since = versions.at(-1)?.at ?? Number.POSITIVE_INFINITY;
  const earlier = heard.filter(({ at }) => at < since);
  return (
    <Card title="While you were looking" count={changes.length + earlier.length} flush>
      {changes.length + earlier.length === 0 && (
        <Empty title="Nothing has changed since you came">
          What changes from now on appears here, line by line. Earlier versions are in the
          repository of its file.
        </Empty>
      )}
      <ol className="rows history">
        {changes.map(({ at, lines }) => (
          <li key={`version ${at}`}>
            <div className="history-head">
              <Badge tone="info">changed</Badge>
              <Time at={at} />
            </div>
            <Lines lines={lines} />
          </li>
        ))}
        {earlier.map(({ at, isRemoved }) => (
          <li key={`heard ${at} ${isRemoved}`}>
            <div className="history-head">
              <Badge tone={isRemoved ? 'warn' : 'info'}>{isRemoved ? 'removed' : 'changed'}</Badge>
              <Time at={at} />
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Lines({ lines }: { lines: ReturnType<typeof changedLines> }) {
  if (!lines) return <p className="muted">It is too long to be compared here.</p>;
  if (lines.length === 0) return <p className="muted">Nothing but the number of its version.</p>;
  return (
    <pre className="history-lines">
      {lines.slice(0, MAX_LINES).map(({ sort, text, before, after }) => (
        <span key={`${before} ${after}`} data-sort={sort}>
          {`${sort === 'added' ? '+' : '−'} ${text}\n`}
        </span>
      ))}
      {lines.length > MAX_LINES && `… and ${lines.length - MAX_LINES} more lines`}
    </pre>
  );
}

/** Records of each subject; older ones are in the audit log. */
const PAGE = 50;
/** Locations above an entity that are asked about. */
const MAX_SUBJECTS = 5;

function Recorded({ entity }: { entity: Entity }) {
  const may = useMay(MAY.readAudit);
  return (
    <Card title="Recorded" flush>
      {may === false && (
        <Empty title="Not allowed">
          Who registered, refreshed or removed it stands in the audit log, which needs the
          permission <code>{MAY.readAudit.name}</code>.
        </Empty>
      )}
      {may === undefined && <SkeletonRows n={3} />}
      {may && <About entity={entity} />}
    </Card>
  );
}

function useRecords(entity: Entity) {
  const ref = refTextOf(entity);
  // It comes and goes with the locations above it; who may not see them still sees its own records.
  const ancestry = useQuery({
    queryKey: ['ancestry', ref],
    queryFn: () => catalog.ancestry(refOf(entity)),
    retry: false,
  });
  const above = ancestry.data?.map(it => refTextOf(it.entity)).filter(it => it !== ref) ?? [];
  const subjects = ancestry.isPending ? [] : [ref, ...above.slice(0, MAX_SUBJECTS)];
  const answers = useQueries({
    queries: subjects.map(subject => ({
      queryKey: ['audit', { subject, limit: PAGE }],
      queryFn: () => admin.audit({ subject, limit: String(PAGE) }),
      retry: false,
    })),
  });
  const records = answers.flatMap(({ data }) => data?.items ?? []);
  return {
    isPending: ancestry.isPending || answers.some(it => it.isPending),
    error: answers.find(it => it.error)?.error,
    retry: () => {
      for (const it of answers) if (it.error) void it.refetch();
    },
    records: records.sort((a, b) => b.seq - a.seq),
    isCut: answers.some(({ data }) => data?.nextCursor !== undefined),
  };
}

function About({ entity }: { entity: Entity }) {
  const ref = refTextOf(entity);
  const { isPending, error, retry, records, isCut } = useRecords(entity);
  if (error) return <ErrorState error={error} onRetry={retry} />;
  if (isPending) return <SkeletonRows n={3} />;
  const all = (
    <Link to="/admin/audit" search={{ subject: ref }}>
      All records about it
    </Link>
  );
  if (records.length === 0) {
    return (
      <Empty title="Nobody has registered, refreshed or removed it by hand">
        It came with its source, and changes with it: who changed its file is in its repository.
      </Empty>
    );
  }
  return (
    <>
      <Records records={records} own={ref} />
      <div className="card-body">
        {isCut && 'Older records are left out. '}
        {all}
      </div>
    </>
  );
}
