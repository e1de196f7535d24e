/** Making and changing a role. */

import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useId, useRef, useState } from 'react';
import type { Condition, Policy, Role } from '../../api/permission';
import { Button } from '../../ui/Button';
import { EntityRefList } from '../../ui/EntityPicker';
import { Card } from '../../ui/Page';
import { Notice, SkeletonRows } from '../../ui/Small';
import { ErrorState } from '../../ui/States';
import { AdminFrame } from '../AdminFrame';
import { ConditionsField } from './ConditionsField';
import { DryRunCard } from './DryRunCard';
import {
  draftOf,
  EMPTY,
  type Faults,
  faultsOf,
  type RoleDraft,
  refOf,
  type Stored,
  save,
} from './draft';
import { PoliciesField } from './PoliciesField';
import { roleQueries } from './queries';
import { useRoleName } from './RolePage';
import { ELSEWHERE } from './SourceBadge';

export default function NewRolePage() {
  return (
    <AdminFrame title="New role" crumbs={<Crumbs />}>
      <RoleForm />
    </AdminFrame>
  );
}

function Crumbs() {
  return (
    <>
      Admin / <Link to="/admin/roles">Roles</Link>
    </>
  );
}

export function EditRolePage() {
  const { name, ref } = useRoleName('/admin/roles/$namespace/$name/edit');
  const [role, policies, conditions] = useQueries({
    queries: [roleQueries.role(ref), roleQueries.policies(ref), roleQueries.conditions(ref)],
  });
  const error = role.error ?? policies.error ?? conditions.error;
  const retry = () => {
    for (const query of [role, policies, conditions]) if (query.error) void query.refetch();
  };
  const stored = storedOf(role.data, policies.data, conditions.data);
  const elsewhere = stored && ELSEWHERE[stored.role.metadata.source];
  return (
    <AdminFrame title={`Edit ${name}`} crumbs={<Crumbs />}>
      {error && <ErrorState error={error} onRetry={retry} />}
      {!error && !stored && <SkeletonRows n={8} />}
      {elsewhere && <Notice tone="info">{elsewhere}</Notice>}
      {stored && !elsewhere && <RoleForm stored={stored} />}
    </AdminFrame>
  );
}

function storedOf(role?: Role, policies?: Policy[], conditions?: Condition[]): Stored | undefined {
  return role && policies && conditions ? { role, policies, conditions } : undefined;
}

const PEOPLE = { kind: { $in: ['user', 'group'] } };

function RoleForm({ stored }: { stored?: Stored }) {
  const begin = stored ? draftOf(stored) : EMPTY;
  const [draft, setDraft] = useState(begin);
  const [faults, setFaults] = useState<Faults>({});
  const form = useRef<HTMLFormElement>(null);
  // The guard must know before the next view is drawn.
  const isSaved = useRef(false);
  const finish = useFinish(stored, () => {
    isSaved.current = true;
  });
  const isChanged = JSON.stringify(draft) !== JSON.stringify(begin);
  const isUnsaved = () => isChanged && !isSaved.current;
  useBlocker({
    shouldBlockFn: () => isUnsaved() && !confirm('Leave, and forget what you changed?'),
    enableBeforeUnload: isUnsaved,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = faultsOf(draft);
    setFaults(found);
    const first = Object.keys(found)[0];
    if (!first) return finish.mutate(draft);
    form.current?.querySelector<HTMLElement>(`[data-field="${first}"] input`)?.focus();
  };
  const change = (part: Partial<RoleDraft>) => {
    setDraft(now => ({ ...now, ...part }));
    setFaults({});
  };
  return (
    <form className="form" ref={form} onSubmit={submit} noValidate>
      <Names draft={draft} faults={faults} isNew={!stored} onChange={change} />
      <Card title="What they may do" flush>
        <PoliciesField draft={draft} onChange={setDraft} />
      </Card>
      <ConditionsField
        conditions={draft.conditions}
        onChange={conditions => change({ conditions })}
      />
      <DryRunCard draft={draft} />
      {finish.error && <Notice tone="error">{finish.error.message}</Notice>}
      <div className="form-foot">
        <Button type="submit" variant="primary" disabled={finish.isPending || !isChanged}>
          {stored ? 'Save the role' : 'Create the role'}
        </Button>
        <Link className="btn" to="/admin/roles">
          Cancel
        </Link>
      </div>
    </form>
  );
}

function useFinish(stored: Stored | undefined, onSaved: () => void) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (draft: RoleDraft) => save(draft, stored),
    onSuccess: async (_, draft) => {
      const [namespace = '', name = ''] = refOf(draft)
        .replace(/^role:/, '')
        .split('/');
      onSaved();
      await client.invalidateQueries();
      await navigate({ to: '/admin/roles/$namespace/$name', params: { namespace, name } });
    },
    // Some of it may have been done.
    onError: () => client.invalidateQueries(),
  });
}

interface NamesProps {
  draft: RoleDraft;
  faults: Faults;
  isNew: boolean;
  onChange: (part: Partial<RoleDraft>) => void;
}

function Names({ draft, faults, isNew, onChange }: NamesProps) {
  const id = useId();
  return (
    <Card title="The role">
      <div className="column">
        <div className="field" data-field="name">
          <label htmlFor={`${id}n`}>Name</label>
          <input
            id={`${id}n`}
            className="input"
            value={draft.name}
            disabled={!isNew}
            aria-invalid={faults.name !== undefined}
            aria-describedby={`${id}nh`}
            onChange={event => onChange({ name: event.target.value })}
          />
          <span id={`${id}nh`} className={faults.name ? 'field-error' : 'field-help'}>
            {faults.name ?? (draft.name ? refOf(draft) : 'Such as release-managers')}
          </span>
        </div>
        <div className="field">
          <label htmlFor={`${id}d`}>What it is for</label>
          <input
            id={`${id}d`}
            className="input"
            value={draft.description}
            onChange={event => onChange({ description: event.target.value })}
          />
        </div>
        <div className="field" data-field="members">
          <label htmlFor={`${id}m`}>Who has it</label>
          <EntityRefList
            id={`${id}m`}
            refs={draft.members}
            query={PEOPLE}
            allowUnknown
            placeholder="Add a user or group"
            describedBy={`${id}mh`}
            isInvalid={faults.members !== undefined}
            onChange={members => onChange({ members })}
          />
          <span id={`${id}mh`} className={faults.members ? 'field-error' : 'field-help'}>
            {faults.members ?? 'Members of a group have its roles, and those of the groups above.'}
          </span>
        </div>
      </div>
    </Card>
  );
}
