/** What the portal knows of the user: their entity, groups, roles, and how they signed in. */

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { auth } from '../api/auth';
import { relationsOf } from '../api/entity';
import { summaryQuery } from '../api/queries';
import { session } from '../session/session';
import { useUser } from '../session/useSession';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { Card } from '../ui/Page';
import { Skeleton } from '../ui/Small';
import { ErrorState } from '../ui/States';

export function KnownCard() {
  const user = useUser();
  const provider = session.via();
  return (
    <Card
      title="What the portal knows of you"
      actions={<Button onClick={() => void session.signOut()}>Sign out</Button>}
    >
      <dl className="facts">
        <Fact name="Signed in as">
          <EntityLink entityRef={user.userEntityRef} />{' '}
          <code className="muted">{user.userEntityRef}</code>
        </Fact>
        {provider && (
          <Fact name="With">
            {provider.id}
            {provider.environment && <span className="muted">{provider.environment}</span>}
          </Fact>
        )}
        <Fact name="Owns through">
          {user.ownershipEntityRefs.map(ref => (
            <EntityLink key={ref} entityRef={ref} />
          ))}
        </Fact>
        <Groups entityRef={user.userEntityRef} />
        <Roles />
      </dl>
      <p className="field-help known-note">
        What a provider says of you is compared with the catalog when you sign in, and not kept.
      </p>
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** The groups that the entity of the user names; owning also goes through those above them. */
function Groups({ entityRef }: { entityRef: string }) {
  const { data, error, isPending, refetch } = useQuery(summaryQuery(entityRef));
  const groups = data ? relationsOf(data, 'memberOf') : [];
  return (
    <Fact name="Member of">
      {isPending && <Skeleton />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data === null && <span className="muted">The catalog has no entry of you to see</span>}
      {data && groups.length === 0 && <span className="muted">No group</span>}
      {groups.map(ref => (
        <EntityLink key={ref} entityRef={ref} />
      ))}
    </Fact>
  );
}

function Roles() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['own-roles'],
    queryFn: auth.ownRoles,
  });
  if (data?.isOn === false) return null;
  const through = (via: string[]) => (via.length > 1 ? `through ${via.slice(1).join(', ')}` : '');
  return (
    <Fact name="Roles">
      {isPending && <Skeleton />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.items.length === 0 && <span className="muted">None</span>}
      {data?.items.map(({ role, via }) => (
        <span key={`${role} ${via.join(' ')}`}>
          <code>{role}</code> <span className="muted">{through(via)}</span>
        </span>
      ))}
    </Fact>
  );
}
