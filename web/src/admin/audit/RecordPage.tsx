/** One record of the audit log, with everything that is known of it. */

import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type AuditRecord, admin } from '../../api/admin';
import { Card } from '../../ui/Page';
import { CopyButton, SkeletonRows, Time } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { AdminFrame } from '../AdminFrame';
import { Ref } from '../Ref';
import { OutcomeBadge } from './Records';

export default function RecordPage() {
  const seq = Number(useParams({ from: '/admin/audit/$seq' }).seq);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['audit-record', seq],
    queryFn: () => admin.auditRecord(seq),
    enabled: Number.isSafeInteger(seq) && seq > 0,
  });
  const isUnknown = data === null || !(Number.isSafeInteger(seq) && seq > 0);
  return (
    <AdminFrame
      title={Number.isNaN(seq) ? 'Record' : `Record ${seq}`}
      crumbs={
        <>
          Admin / <Link to="/admin/audit">Audit log</Link>
        </>
      }
      actions={<Neighbours seq={seq} />}
    >
      {isPending && !isUnknown && (
        <div className="card">
          <SkeletonRows n={8} />
        </div>
      )}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {isUnknown && (
        <Empty title="There is no such record">
          It may have been older than what is kept (<code>callboard.audit.retention</code>).
        </Empty>
      )}
      {data && <RecordCard record={data} />}
    </AdminFrame>
  );
}

function Neighbours({ seq }: { seq: number }) {
  return (
    <>
      {seq > 1 && (
        <Link className="btn" to="/admin/audit/$seq" params={{ seq: String(seq - 1) }}>
          Before
        </Link>
      )}
      <Link className="btn" to="/admin/audit/$seq" params={{ seq: String(seq + 1) }}>
        After
      </Link>
    </>
  );
}

const VIA: Record<string, string> = {
  api: 'the API',
  agent: 'an agent',
  provider: 'a provider',
  job: 'background work',
  operator: 'the command line',
};

function RecordCard({ record }: { record: AuditRecord }) {
  const rows: [string, ReactNode][] = [
    ['When', <Exact key="at" at={record.at} />],
    ['Who', <Ref key="actor" text={record.actor} />],
    ['On behalf of', record.onBehalfOf && <Ref text={record.onBehalfOf} />],
    ['Did', <code key="action">{record.action}</code>],
    ['To', <Ref key="subject" text={record.subject} />],
    ['Outcome', <OutcomeBadge key="outcome" outcome={record.outcome} />],
    ['Detail', record.detail],
    ['Through', VIA[record.via] ?? record.via],
    ['Program', record.client],
    ['Address', record.address && <code>{record.address}</code>],
    ['Request', record.requestId && <SameRequest id={record.requestId} />],
    ['Digest before', record.before && <Hash text={record.before} />],
    ['Digest afterwards', record.after && <Hash text={record.after} />],
    ['Hash', <Hash key="hash" text={record.hash} />],
  ];
  return (
    <Card title="What is known">
      <dl className="facts">
        {rows
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <Fact key={label} label={label}>
              {value}
            </Fact>
          ))}
      </dl>
    </Card>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Exact({ at }: { at: number }) {
  return (
    <>
      <code>{new Date(at).toISOString()}</code>
      <span className="muted">
        <Time at={at} />
      </span>
    </>
  );
}

function SameRequest({ id }: { id: string }) {
  return (
    <>
      <code>{id}</code>
      <Link to="/admin/audit" search={{ requestId: id }}>
        Records of this request
      </Link>
    </>
  );
}

function Hash({ text }: { text: string }) {
  return (
    <>
      <span className="hash">{text}</span>
      <CopyButton text={text} label="Copy" />
    </>
  );
}
