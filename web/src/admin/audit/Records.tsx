/** Records of the audit log as a table, wherever they are shown. */

import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { AuditRecord, Outcome } from '../../api/admin';
import { Button } from '../../ui/Button';
import { Badge, Time } from '../../ui/Small';
import { Table } from '../../ui/Table';
import { Ref } from '../Ref';
import { type Run, runsOf } from './runs';

const TONES: Record<Outcome, 'ok' | 'warn' | 'error'> = {
  succeeded: 'ok',
  denied: 'warn',
  failed: 'error',
};

export function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  return <Badge tone={TONES[outcome]}>{outcome}</Badge>;
}

interface RecordsProps {
  records: AuditRecord[];
  /** The entity on whose page they are. */
  own?: string;
}

export function Records({ records, own }: RecordsProps) {
  return (
    <Table heads={['When', 'Who', 'Did', 'To', 'Outcome']}>
      {runsOf(records).map(run => (
        <Rows key={run.record.seq} run={run} own={own} />
      ))}
    </Table>
  );
}

/** One row for records that say the same, until somebody wants to see each. */
function Rows({ run: { record, others }, own }: { run: Run; own: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const more = others.length > 0 && (
    <Button size="small" variant="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
      {isOpen ? 'Show once' : `and ${others.length} more`}
    </Button>
  );
  return (
    <>
      <Row record={record} own={own} more={more} />
      {isOpen && others.map(other => <Row key={other.seq} record={other} own={own} />)}
    </>
  );
}

interface RowProps {
  record: AuditRecord;
  own: string | undefined;
  /** Beside what was done. */
  more?: ReactNode;
}

function Row({ record, own, more }: RowProps) {
  return (
    <tr>
      <td className="nowrap">
        <Link to="/admin/audit/$seq" params={{ seq: String(record.seq) }}>
          <Time at={record.at} />
        </Link>
      </td>
      <td>
        <Ref text={record.actor} />
        {record.onBehalfOf && (
          <div className="muted">
            for <Ref text={record.onBehalfOf} />
          </div>
        )}
      </td>
      <td className="audit-action">
        <code className="nowrap">{record.action}</code> {more}
        {record.detail && <div className="muted">{record.detail}</div>}
      </td>
      <td className="audit-subject">
        {record.subject === own ? 'this entity' : <Ref text={record.subject} />}
      </td>
      <td className="nowrap">
        <OutcomeBadge outcome={record.outcome} />
      </td>
    </tr>
  );
}
