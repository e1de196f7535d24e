/** All roles: who has them, what they allow, where they come from. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { ApiError } from '../../api/client';
import { parseRef, shortRef } from '../../api/entity';
import { permissions, type Role } from '../../api/permission';
import { MAY, useMay } from '../../session/may';
import { FindField } from '../../ui/FindField';
import { formatCount, SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { Table } from '../../ui/Table';
import { AdminFrame } from '../AdminFrame';
import { SourceBadge } from './SourceBadge';

const route = getRouteApi('/admin/roles');
/** Rows that are drawn; who has more roles filters. */
const MAX_ROWS = 500;

export default function RolesPage() {
  const { find = '' } = route.useSearch();
  const mayCreate = useMay(MAY.createRole);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['roles'],
    queryFn: permissions.roles,
    retry: false,
  });
  const isOff = error instanceof ApiError && error.isMissing;
  const found = data?.filter(role => isNamed(role, find)) ?? [];
  return (
    <AdminFrame
      title="Roles"
      lead="A role names what some people may do. Without a role that allows it, nothing is allowed."
      actions={
        mayCreate !== false &&
        !isOff && (
          <Link className="btn" data-variant="primary" to="/admin/roles/new">
            <Plus aria-hidden /> New role
          </Link>
        )
      }
    >
      {data && data.length > 0 && <Find find={find} n={found.length} />}
      <div className="card">
        {isPending && <SkeletonRows n={6} />}
        {isOff && <Off />}
        {error && !isOff && <ErrorState error={error} onRetry={() => refetch()} />}
        {data?.length === 0 && (
          <Empty title="No roles yet">
            Make one here, or write a policy file that is reviewed in Git.
          </Empty>
        )}
        {data && data.length > 0 && found.length === 0 && (
          <Empty title={`No role is called “${find}”`} />
        )}
        {found.length > 0 && <RoleTable roles={found} />}
      </div>
    </AdminFrame>
  );
}

const EXAMPLE = `permission:
  enabled: true
  rbac:
    admin:
      superUsers:
        - name: user:default/you`;

/** Without roles everybody who is signed in may do everything. */
export function Off() {
  return (
    <Empty title="Everybody may do everything" example={EXAMPLE}>
      Permissions are not switched on. With this in app-config.yaml, only what a role allows is
      allowed, and the users you name keep every permission:
    </Empty>
  );
}

function isNamed({ name, metadata }: Role, find: string): boolean {
  return `${name} ${metadata.description ?? ''}`.toLowerCase().includes(find.toLowerCase());
}

function Find({ find, n }: { find: string; n: number }) {
  const navigate = route.useNavigate();
  return (
    <search className="filters">
      <FindField
        label="Filter the roles"
        placeholder="Filter by name or description"
        value={find}
        onChange={text => navigate({ search: { find: text || undefined }, replace: true })}
      />
      <span className="muted" role="status">
        {formatCount(n)} {n === 1 ? 'role' : 'roles'}
      </span>
    </search>
  );
}

function RoleTable({ roles }: { roles: Role[] }) {
  const policies = useQuery({ queryKey: ['policies'], queryFn: () => permissions.policies() });
  const conditions = useQuery({
    queryKey: ['conditions'],
    queryFn: () => permissions.conditions(),
  });
  const counts = new Map<string, number>();
  const count = (role: string) => counts.set(role, (counts.get(role) ?? 0) + 1);
  for (const policy of policies.data ?? []) count(policy.entityReference);
  for (const condition of conditions.data ?? []) count(condition.roleEntityRef);
  return (
    <>
      <Table
        heads={[
          'Role',
          'What it is for',
          { title: 'Members', isNumber: true },
          { title: 'Policies', isNumber: true },
          'From',
        ]}
      >
        {roles.slice(0, MAX_ROWS).map(role => (
          <tr key={role.name}>
            <td className="nowrap">
              <RoleLink name={role.name} />
            </td>
            <td className="muted">{role.metadata.description}</td>
            <td className="num">{formatCount(role.memberReferences.length)}</td>
            <td className="num">{policies.data && formatCount(counts.get(role.name) ?? 0)}</td>
            <td>
              <SourceBadge source={role.metadata.source} />
            </td>
          </tr>
        ))}
      </Table>
      {roles.length > MAX_ROWS && (
        <div className="card-body muted">
          The first {MAX_ROWS} of {formatCount(roles.length)}; filter to see others.
        </div>
      )}
    </>
  );
}

export function RoleLink({ name }: { name: string }) {
  const { namespace, name: own } = parseRef(name, 'role');
  return (
    <Link to="/admin/roles/$namespace/$name" params={{ namespace, name: own }}>
      {shortRef({ kind: 'role', namespace, name: own })}
    </Link>
  );
}
