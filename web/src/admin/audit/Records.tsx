/** Records of the audit log as a table, wherever they are shown. */

import { Link } from '@tanstack/react-router';
import type { AuditRecord, Outcome } from '../../api/admin';
import { Badge, Time } from '../../ui/Small';
import { Table } from '../../ui/Table';
import { Ref } from '../Ref';

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
      {records.map(record => (
        <tr key={record.seq}>
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
            <code className="nowrap">{record.action}</code>
            {record.detail && <div className="muted">{record.detail}</div>}
          </td>
          <td className="audit-subject">
            {record.subject === own ? 'this entity' : <Ref text={record.subject} />}
          </td>
          <td className="nowrap">
            <OutcomeBadge outcome={record.outcome} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
