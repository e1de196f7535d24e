/** Making and changing a role. */

import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useId, useRef, useState } from 'react';
import { type Condition, type Policy, permissions, type Role } from '../../api/permission';
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
  SaveError,
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
  // What the portal has, which grows when only some of it could be saved.
  const [base, setBase] = useState(stored);
  const [begin, setBegin] = useState(() => (stored ? draftOf(stored) : EMPTY));
  const [draft, setDraft] = useState(begin);
  const [faults, setFaults] = useState<Faults>({});
  const form = useRef<HTMLFormElement>(null);
  // The guard must know before the next view is drawn.
  const isSaved = useRef(false);
  const finish = useFinish({
    stored: base,
    onSaved: () => {
      isSaved.current = true;
    },
    onPart: (now, left) => {
      setBase(now);
      setBegin(draftOf(now));
      setDraft(left);
    },
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
      <Names draft={draft} faults={faults} isNew={!base} onChange={change} />
      <Card title="What they may do" flush>
        <PoliciesField draft={draft} onChange={setDraft} />
      </Card>
      <ConditionsField
        conditions={draft.conditions}
        onChange={conditions => change({ conditions })}
      />
      <DryRunCard draft={draft} />
      {finish.error && <NotSaved error={finish.error} />}
      <div className="form-foot">
        <Button type="submit" variant="primary" disabled={finish.isPending || !isChanged}>
          {base ? 'Save the role' : 'Create the role'}
        </Button>
        <Link className="btn" to="/admin/roles">
          Cancel
        </Link>
      </div>
    </form>
  );
}

/** What keeps a role from being saved, and how far that came. */
function NotSaved({ error }: { error: Error }) {
  if (!(error instanceof SaveError) || error.saved.length === 0) {
    return <Notice tone="error">{error.message}</Notice>;
  }
  return (
    <Notice tone="error">
      {error.message}
      <div>Saved already: {error.saved.join(', ')}.</div>
      <div>Not saved: {error.left.join(', ')}. Saving again does the rest.</div>
    </Notice>
  );
}

interface FinishProps {
  stored: Stored | undefined;
  onSaved: () => void;
  /** What the portal has after some of it was saved, and the form for the rest. */
  onPart: (now: Stored, left: RoleDraft) => void;
}

function useFinish({ stored, onSaved, onPart }: FinishProps) {
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
    onError: async (error, draft) => {
      if (error instanceof SaveError && error.saved.length > 0) {
        const now = await storedNow(refOf(draft)).catch(() => undefined);
        if (now) onPart(now, error.draft);
      }
      await client.invalidateQueries();
    },
  });
}

async function storedNow(ref: string): Promise<Stored> {
  const [role, policies, conditions] = await Promise.all([
    permissions.role(ref),
    permissions.policies(ref),
    permissions.conditions(ref),
  ]);
  if (!role) throw new Error(`${ref} is gone`);
  return { role, policies, conditions };
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
