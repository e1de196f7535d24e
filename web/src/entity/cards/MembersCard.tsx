/** People of a group; of thousands, too: names are found by the server. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useDeferredValue, useState } from 'react';
import { catalog } from '../../api/catalog';
import { type Entity, isRecord, refOf, refTextOf, titleOf } from '../../api/entity';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Page';
import { Avatar, formatCount, SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { useSubgroups } from './useSubgroups';

const PAGE = 24;
/** Fewer are seen at a glance. */
const SEARCHABLE = 12;

export function MembersCard({ entity }: { entity: Entity }) {
  const [find, setFind] = useState('');
  const [limit, setLimit] = useState(PAGE);
  const term = useDeferredValue(find);
  const { refs, hasChildren } = useSubgroups(entity);
  const members = useQuery({
    queryKey: ['members', refs, term, limit],
    queryFn: ({ signal }) =>
      catalog.query(
        {
          query: { kind: 'user', 'relations.memberOf': { $in: refs } },
          limit,
          orderBy: [{ field: 'metadata.name', order: 'asc' }],
          fullTextFilter: term
            ? { term, fields: ['metadata.name', 'spec.profile.displayname', 'spec.profile.email'] }
            : undefined,
          fields: ['kind', 'metadata.name', 'metadata.namespace', 'metadata.title', 'spec.profile'],
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
  const total = members.data?.totalItems;
  const isSearchable = find !== '' || (total ?? 0) > SEARCHABLE;
  return (
    <Card title={hasChildren ? 'Members, also of child groups' : 'Members'} count={total} flush>
      {isSearchable && (
        <div className="card-body">
          <input
            className="input"
            type="search"
            aria-label="Find a member"
            placeholder="Find a member"
            value={find}
            onChange={event => setFind(event.target.value)}
          />
        </div>
      )}
      {members.isPending && <SkeletonRows />}
      {members.error && <ErrorState error={members.error} onRetry={() => members.refetch()} />}
      {total === 0 && (
        <Empty title={find ? 'Nobody of that name' : 'Nobody is a member of this group'} />
      )}
      <ul className="rows">
        {members.data?.items.map(user => (
          <Member key={refTextOf(user)} user={user} />
        ))}
      </ul>
      {total !== undefined && total > limit && (
        <div className="card-body">
          <Button size="small" onClick={() => setLimit(limit + PAGE * 4)}>
            Show more of {formatCount(total)}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Member({ user }: { user: Entity }) {
  const profile = isRecord(user.spec?.profile) ? user.spec.profile : {};
  const text = (key: string) => (typeof profile[key] === 'string' ? profile[key] : undefined);
  return (
    <li>
      <Avatar name={titleOf(user)} picture={text('picture')} />
      <Link className="truncate" to="/catalog/$namespace/$kind/$name" params={refOf(user)}>
        {titleOf(user)}
      </Link>
      <span className="muted grow truncate">{text('email')}</span>
    </li>
  );
}
