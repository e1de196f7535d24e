/** Groups as a tree; people by name. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { catalog } from '../api/catalog';
import { type Entity, isRecord, refTextOf, specText, titleOf } from '../api/entity';
import { groupsQuery, MAX_GROUPS } from '../api/queries';
import { EmptyOrDenied } from '../session/EmptyOrDenied';
import { IconButton } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { FindField } from '../ui/FindField';
import { Card, Page } from '../ui/Page';
import { plainText } from '../ui/plain';
import { Avatar, formatCount, SkeletonRows } from '../ui/Small';
import { ErrorState } from '../ui/States';
import { type GroupNode, treeOf } from './tree';
import './org.css';

const route = getRouteApi('/org');
const PEOPLE = 50;

const EXAMPLE = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: payments
spec:
  type: team
  children: []`;

export default function OrgPage() {
  return (
    <Page title="Organization">
      <div className="columns">
        <div className="column">
          <Groups />
        </div>
        <div className="column">
          <People />
        </div>
      </div>
    </Page>
  );
}

function Groups() {
  const { data, error, refetch, isPending } = useQuery(groupsQuery);
  const tree = treeOf(data?.items ?? []);
  return (
    <Card title="Groups" count={data?.totalItems} flush>
      {isPending && <SkeletonRows n={8} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.totalItems === 0 && (
        <EmptyOrDenied title="No groups yet" example={EXAMPLE}>
          Groups come from files, like everything else:
        </EmptyOrDenied>
      )}
      <ul className="tree">
        {tree.map(node => (
          <Branch key={refTextOf(node.entity)} node={node} depth={0} />
        ))}
      </ul>
      {data && data.totalItems > MAX_GROUPS && (
        <p className="card-body muted">
          The first {formatCount(MAX_GROUPS)} of {formatCount(data.totalItems)}.
        </p>
      )}
    </Card>
  );
}

/** Deeper levels are folded at first. */
const OPEN_DEPTH = 2;

function Branch({ node, depth }: { node: GroupNode; depth: number }) {
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH);
  const { entity, children } = node;
  return (
    <li>
      <div className="tree-row" style={{ paddingLeft: 8 + depth * 20 }}>
        {children.length > 0 ? (
          <IconButton
            size="small"
            label={`${isOpen ? 'Fold' : 'Unfold'} ${titleOf(entity)}`}
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            <ChevronRight className="tree-arrow" />
          </IconButton>
        ) : (
          <span className="tree-space" />
        )}
        <EntityLink entityRef={refTextOf(entity)} entity={entity} />
        <span className="muted grow truncate">{plainText(entity.metadata.description)}</span>
        <span className="count">{specText(entity, 'type')}</span>
      </div>
      {isOpen && children.length > 0 && (
        <ul>
          {children.map(child => (
            <Branch key={refTextOf(child.entity)} node={child} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  );
}

function People() {
  const { find = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const term = useDeferredValue(find);
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['people', term],
    queryFn: ({ signal }) =>
      catalog.query(
        {
          query: { kind: 'user' },
          limit: PEOPLE,
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
  return (
    <Card title="People" count={data?.totalItems} flush>
      <div className="card-body">
        <FindField
          type="search"
          label="Find a person"
          value={find}
          onChange={text =>
            void navigate({
              search: { find: text || undefined },
              replace: true,
              resetScroll: false,
            })
          }
        />
      </div>
      {isPending && <SkeletonRows n={8} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.totalItems === 0 && <EmptyOrDenied title="Nobody of that name" />}
      <ul className="rows">
        {data?.items.map(user => (
          <Person key={refTextOf(user)} user={user} />
        ))}
      </ul>
      {data && data.totalItems > PEOPLE && (
        <p className="card-body muted">
          {formatCount(PEOPLE)} of {formatCount(data.totalItems)}: type more of the name.
        </p>
      )}
    </Card>
  );
}

function Person({ user }: { user: Entity }) {
  const profile = isRecord(user.spec?.profile) ? user.spec.profile : {};
  const picture = typeof profile.picture === 'string' ? profile.picture : undefined;
  return (
    <li>
      <Avatar name={titleOf(user)} picture={picture} />
      <EntityLink entityRef={refTextOf(user)} entity={user} icon={false} />
      <span className="grow" />
      <span className="muted truncate">
        {typeof profile.email === 'string' ? profile.email : ''}
      </span>
    </li>
  );
}
