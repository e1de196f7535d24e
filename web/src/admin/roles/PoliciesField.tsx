/** Every permission of the portal, with a choice for each. */

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Effect, PolicyAction } from '../../api/permission';
import { SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { effectOf, type RoleDraft, withEffect } from './draft';
import { roleQueries } from './queries';

interface Row {
  plugin: string;
  permission: string;
  action: PolicyAction;
  note?: string;
}

const EFFECTS: [Effect | undefined, string][] = [
  [undefined, '–'],
  ['allow', 'Allow'],
  ['deny', 'Deny'],
];

interface PoliciesFieldProps {
  draft: RoleDraft;
  onChange: (draft: RoleDraft) => void;
}

export function PoliciesField({ draft, onChange }: PoliciesFieldProps) {
  const { data, error, isPending, refetch } = useQuery(roleQueries.known);
  const [text, setText] = useState('');
  const known: Row[] =
    data?.flatMap(({ pluginId, policies }) =>
      policies.map(({ name, policy, resourceType }) => ({
        plugin: pluginId,
        permission: name,
        action: policy,
        note: resourceType && `on ${resourceType}`,
      })),
    ) ?? [];
  const rows = [...known, ...unknownRows(draft, known)];
  const found = rows.filter(row => `${row.plugin} ${row.permission}`.includes(text.toLowerCase()));
  if (isPending) return <SkeletonRows n={6} />;
  if (error) return <ErrorState error={error} onRetry={() => refetch()} />;
  return (
    <>
      <div className="card-body">
        <input
          className="input"
          aria-label="Filter the permissions"
          placeholder="Filter, such as catalog.location"
          value={text}
          onChange={event => setText(event.target.value)}
        />
      </div>
      {found.length === 0 && <Empty title={`No permission is called “${text}”`} />}
      {found.length > 0 && (
        <div className="table-wrap">
          <table className="table grants">
            <tbody>
              {found.map(row => (
                <PolicyRow
                  key={`${row.permission} ${row.action}`}
                  row={row}
                  effect={effectOf(draft, row.permission, row.action)}
                  onChange={effect =>
                    onChange(withEffect(draft, row.permission, row.action, effect))
                  }
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="card-body field-help">
        One deny outweighs every allow, also of other roles.
      </div>
    </>
  );
}

/** What the role says of permissions that this portal does not have, or of types of resources. */
function unknownRows(draft: RoleDraft, known: Row[]): Row[] {
  const isKnown = new Set(known.map(({ permission, action }) => `${permission} ${action}`));
  return draft.policies
    .filter(({ permission, policy }) => !isKnown.has(`${permission} ${policy}`))
    .map(({ permission, policy }) => ({ plugin: '', permission, action: policy }));
}

interface PolicyRowProps {
  row: Row;
  effect: Effect | undefined;
  onChange: (effect: Effect | undefined) => void;
}

function PolicyRow({ row, effect, onChange }: PolicyRowProps) {
  return (
    <tr>
      <td>
        <code>{row.permission}</code> {row.note && <span className="muted">{row.note}</span>}
      </td>
      <td className="muted">{row.action}</td>
      <td>
        <fieldset className="segmented" aria-label={`${row.permission} ${row.action}`}>
          {EFFECTS.map(([value, label]) => (
            <button
              key={label}
              type="button"
              aria-pressed={effect === value}
              aria-label={value ?? 'Say nothing'}
              onClick={() => onChange(value)}
            >
              {label}
            </button>
          ))}
        </fieldset>
      </td>
    </tr>
  );
}
