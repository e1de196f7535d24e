/** One role: who has it and what it allows. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { type Condition, type Policy, permissions, type Role } from '../../api/permission';
import { deniedTitle, MAY, useMay } from '../../session/may';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { EntityLink } from '../../ui/EntityLink';
import { Card } from '../../ui/Page';
import { Badge, formatCount, Notice, SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { AdminFrame } from '../AdminFrame';
import { CriteriaView } from './CriteriaView';
import { roleQueries } from './queries';
import { ELSEWHERE, SourceBadge } from './SourceBadge';

/** `role:default/name` of the address. */
export function useRoleName(
  from: '/admin/roles/$namespace/$name' | '/admin/roles/$namespace/$name/edit',
) {
  const { namespace, name } = useParams({ from });
  return { namespace, name, ref: `role:${namespace}/${name}` };
}

export default function RolePage() {
  const { name, namespace, ref } = useRoleName('/admin/roles/$namespace/$name');
  const role = useQuery(roleQueries.role(ref));
  const policies = useQuery(roleQueries.policies(ref));
  const conditions = useQuery(roleQueries.conditions(ref));
  const isMissing = role.error instanceof ApiError && role.error.isMissing;
  const error = role.error ?? policies.error ?? conditions.error;
  const elsewhere = role.data && ELSEWHERE[role.data.metadata.source];
  const retry = () => {
    for (const query of [role, policies, conditions]) if (query.error) void query.refetch();
  };
  return (
    <AdminFrame
      title={namespace === 'default' ? name : `${namespace}/${name}`}
      lead={role.data?.metadata.description}
      crumbs={
        <>
          Admin / <Link to="/admin/roles">Roles</Link>
        </>
      }
      actions={role.data && <Actions role={role.data} />}
    >
      {isMissing && (
        <Empty title={`There is no role ${ref}`}>
          <Link to="/admin/roles">All roles</Link>
        </Empty>
      )}
      {error && !isMissing && <ErrorState error={error} onRetry={retry} />}
      {role.isPending && (
        <div className="card">
          <SkeletonRows n={6} />
        </div>
      )}
      {elsewhere && <Notice tone="info">{elsewhere}</Notice>}
      {role.data && (
        <div className="columns">
          <div className="column">
            {!policies.error && <Policies policies={policies.data} />}
            {!conditions.error && <Conditions conditions={conditions.data} />}
          </div>
          <div className="column">
            <About role={role.data} />
            <Members members={role.data.memberReferences} />
          </div>
        </div>
      )}
    </AdminFrame>
  );
}

function Actions({ role }: { role: Role }) {
  const [isLeaving, setLeaving] = useState(false);
  const mayUpdate = useMay(MAY.updateRole, role.name);
  const mayDelete = useMay(MAY.deleteRole, role.name);
  const elsewhere = ELSEWHERE[role.metadata.source];
  const [namespace = '', name = ''] = role.name.replace(/^role:/, '').split('/');
  if (elsewhere) return null;
  return (
    <>
      {mayUpdate !== false && (
        <Link className="btn" to="/admin/roles/$namespace/$name/edit" params={{ namespace, name }}>
          <Pencil aria-hidden /> Edit
        </Link>
      )}
      <Button
        variant="danger"
        disabled={mayDelete === false}
        title={deniedTitle(mayDelete, MAY.deleteRole)}
        onClick={() => setLeaving(true)}
      >
        <Trash2 aria-hidden /> Delete…
      </Button>
      {isLeaving && <DeleteDialog role={role} onClose={() => setLeaving(false)} />}
    </>
  );
}

function DeleteDialog({ role, onClose }: { role: Role; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const policies = useQuery(roleQueries.policies(role.name));
  const conditions = useQuery(roleQueries.conditions(role.name));
  const n = (policies.data?.length ?? 0) + (conditions.data?.length ?? 0);
  const remove = useMutation({
    mutationFn: async () => {
      for (const { id } of conditions.data ?? []) await permissions.removeCondition(id);
      if (policies.data?.length) await permissions.removePolicies(role.name, policies.data);
      await permissions.deleteRole(role.name);
    },
    onSuccess: async () => {
      await navigate({ to: '/admin/roles' });
      await client.invalidateQueries();
    },
  });
  const members = role.memberReferences.length;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${role.name}`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="danger"
            disabled={remove.isPending || !policies.data || !conditions.data}
            onClick={() => remove.mutate()}
          >
            Delete the role
          </Button>
        </>
      }
    >
      {remove.error && <Notice tone="error">{remove.error.message}</Notice>}
      <p>
        {formatCount(members)} {members === 1 ? 'member loses' : 'members lose'} what{' '}
        {n === 1 ? 'its policy allows' : `its ${formatCount(n)} policies allow`}, unless another
        role allows it, too. The audit log keeps a record.
      </p>
    </Dialog>
  );
}

function About({ role }: { role: Role }) {
  const { source, owner, author, modifiedBy, lastModified, createdAt } = role.metadata;
  return (
    <Card title="About">
      <dl className="facts">
        <dt>Reference</dt>
        <dd>
          <code>{role.name}</code>
        </dd>
        <dt>From</dt>
        <dd>
          <SourceBadge source={source} />
        </dd>
        {owner && <dt>Owner</dt>}
        {owner && (
          <dd>
            <EntityLink entityRef={owner} />
          </dd>
        )}
        {author && <dt>Made by</dt>}
        {author && (
          <dd>
            <EntityLink entityRef={author} /> <span className="muted">{createdAt}</span>
          </dd>
        )}
        {modifiedBy && <dt>Changed by</dt>}
        {modifiedBy && (
          <dd>
            <EntityLink entityRef={modifiedBy} /> <span className="muted">{lastModified}</span>
          </dd>
        )}
      </dl>
    </Card>
  );
}

const MAX_MEMBERS = 100;

function Members({ members }: { members: string[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? members : members.slice(0, MAX_MEMBERS);
  return (
    <Card title="Members" count={members.length} flush>
      {members.length === 0 && <Empty title="Nobody has this role" />}
      <ul className="rows">
        {shown.map(member => (
          <li key={member}>
            <EntityLink entityRef={member} />
          </li>
        ))}
      </ul>
      {shown.length < members.length && (
        <div className="card-body">
          <Button size="small" onClick={() => setWhole(true)}>
            Show all {formatCount(members.length)}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Policies({ policies }: { policies: Policy[] | undefined }) {
  return (
    <Card title="May" count={policies?.length} flush>
      {!policies && <SkeletonRows />}
      {policies?.length === 0 && <Empty title="Nothing without a condition" />}
      <ul className="rows">
        {policies?.map(({ permission, policy, effect }) => (
          <li key={`${permission} ${policy} ${effect}`}>
            <code className="grow">{permission}</code>
            <span className="muted">{policy}</span>
            <Badge tone={effect === 'allow' ? 'ok' : 'error'}>{effect}</Badge>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Conditions({ conditions }: { conditions: Condition[] | undefined }) {
  if (conditions?.length === 0) return null;
  return (
    <Card title="May, depending on the resource" count={conditions?.length} flush>
      {!conditions && <SkeletonRows n={2} />}
      <ul className="rows">
        {conditions?.map(condition => (
          <li key={condition.id}>
            <div className="column grow" style={{ gap: 6, padding: '6px 0' }}>
              <div>
                <strong>{mappingText(condition)}</strong>{' '}
                <span className="muted">
                  on <code>{condition.resourceType}</code> of {condition.pluginId}, if
                </span>
              </div>
              <CriteriaView criteria={condition.conditions} />
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function mappingText({ permissionMapping }: Condition): string {
  return permissionMapping
    .map(mapped => (typeof mapped === 'string' ? mapped : mapped.name))
    .join(', ');
}
