/** May somebody do something, and which rule decided? */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { useId } from 'react';
import { ApiError } from '../../api/client';
import { type Explanation, permissions } from '../../api/permission';
import { EntityLink } from '../../ui/EntityLink';
import { EntitySearch } from '../../ui/EntityPicker';
import { Card } from '../../ui/Page';
import { SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { AdminFrame } from '../AdminFrame';
import { CriteriaView } from '../roles/CriteriaView';
import { roleQueries } from '../roles/queries';
import { Off, RoleLink } from '../roles/RolesPage';
import { SourceBadge } from '../roles/SourceBadge';
import { DecisionBadge } from './DecisionBadge';

const route = getRouteApi('/admin/explain');

export default function ExplainPage() {
  const { user, permission, on } = route.useSearch();
  const known = useQuery({ ...roleQueries.known, retry: false });
  const isOff = known.error instanceof ApiError && known.error.isMissing;
  return (
    <AdminFrame
      title="Why may they?"
      lead="Ask for any user what the policy says, and which line of it decided."
    >
      {isOff && <Off />}
      {known.error && !isOff && <ErrorState error={known.error} onRetry={() => known.refetch()} />}
      {!known.error && <Question />}
      {!known.error && user && permission && <Answer user={user} permission={permission} on={on} />}
      {!known.error && !(user && permission) && (
        <Empty title="Choose a user and a permission">
          The address keeps the question, so you can send it to who asked you.
        </Empty>
      )}
    </AdminFrame>
  );
}

const USERS = { kind: 'user' };

function Question() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const id = useId();
  const { data: plugins } = useQuery(roleQueries.known);
  const all = plugins?.flatMap(({ policies }) => policies) ?? [];
  const chosen = all.find(({ name }) => name === search.permission);
  const isOnEntity = chosen?.resourceType === 'catalog-entity';
  const set = (part: Partial<typeof search>) =>
    navigate({ search: { ...search, ...part }, replace: true });
  return (
    <Card title="The question">
      <div className="rule-row">
        <div className="field">
          <label htmlFor={`${id}u`}>May</label>
          <EntitySearch
            id={`${id}u`}
            query={USERS}
            value={search.user}
            allowUnknown
            placeholder="user:default/ann"
            onPick={user => set({ user })}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}p`}>use the permission</label>
          <select
            id={`${id}p`}
            className="select"
            value={search.permission ?? ''}
            onChange={event => set({ permission: event.target.value || undefined, on: undefined })}
          >
            <option value="">Choose a permission</option>
            {plugins?.map(({ pluginId, policies }) => (
              <optgroup key={pluginId} label={pluginId}>
                {policies.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </optgroup>
            ))}
          </select>
        </div>
        {isOnEntity && (
          <div className="field">
            <label htmlFor={`${id}r`}>on</label>
            <EntitySearch
              id={`${id}r`}
              value={search.on}
              allowUnknown
              placeholder="any entity"
              onPick={on => set({ on: on || undefined })}
            />
          </div>
        )}
      </div>
    </Card>
  );
}

function Answer({ user, permission, on }: { user: string; permission: string; on?: string }) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['explain', user, permission, on],
    queryFn: () => permissions.explain({ user, permission, resourceRef: on }),
    retry: false,
  });
  return (
    <Card title="The answer">
      {isPending && <SkeletonRows n={3} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data && <Explained explanation={data.now} user={user} />}
    </Card>
  );
}

function Explained({ explanation, user }: { explanation: Explanation; user: string }) {
  const { decision, reason, conditions, roles } = explanation;
  return (
    <div className="decision" role="status">
      <div className="decision-head">
        <DecisionBadge decision={decision} />
      </div>
      <p>{reason}</p>
      {conditions && (
        <div>
          <h3>The condition, filled in for this user</h3>
          <CriteriaView criteria={conditions} />
        </div>
      )}
      <div className="column" style={{ gap: 8 }}>
        <h3>Roles, and how they come to them</h3>
        {roles.length === 0 && (
          <p className="muted">
            <EntityLink entityRef={user} /> has no role.
          </p>
        )}
        {roles.map(({ role, source, via }) => (
          <div className="path" key={`${role} ${via.join(' ')}`}>
            {via.length === 0 && <span className="muted">Everybody</span>}
            {via.map(ref => (
              <Step key={ref} entityRef={ref} />
            ))}
            <RoleLink name={role} /> <SourceBadge source={source} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Step({ entityRef }: { entityRef: string }) {
  return (
    <>
      <EntityLink entityRef={entityRef} />
      <ChevronRight aria-hidden />
    </>
  );
}
