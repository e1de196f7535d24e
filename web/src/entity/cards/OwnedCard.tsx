/** What a group or a user owns, counted by kind and type. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { catalog } from '../../api/catalog';
import { type Entity, parseRef, refTextOf, relationsOf, shortRef } from '../../api/entity';
import { formatTerm } from '../../catalog/query';
import { KindIcon } from '../../ui/KindIcon';
import { kindLook } from '../../ui/kinds';
import { Card } from '../../ui/Page';
import { formatCount, SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { useSubgroups } from './useSubgroups';

/** More owners would make an address that no browser takes. */
const MAX_OWNERS = 60;

export function OwnedCard({ entity }: { entity: Entity }) {
  const { refs, hasChildren } = useSubgroups(entity);
  // A user owns through groups.
  const owners = [...refs, ...relationsOf(entity, 'memberOf')];
  const title = hasChildren ? 'Owns, with its child groups' : 'Owns';
  const counts = useQuery({
    queryKey: ['owned', owners],
    queryFn: ({ signal }) =>
      catalog
        .facets(['kind'], { 'relations.ownedBy': { $in: owners } }, signal)
        .then(all => all.kind ?? []),
  });
  const query = (kind: string) => {
    const terms = [
      { key: 'kind', value: kind.toLowerCase(), negated: false },
      ...owners.map(ownerTerm),
    ];
    return terms.map(formatTerm).join(' ');
  };
  return (
    <Card title={entity.kind === 'User' ? 'Owns, also through groups' : title} flush>
      {counts.isPending && <SkeletonRows n={2} />}
      {counts.error && <ErrorState error={counts.error} onRetry={() => counts.refetch()} />}
      {counts.data?.length === 0 && (
        <Empty
          title="Nothing yet"
          example={`spec:\n  owner: ${shortRef(parseRef(refTextOf(entity)))}`}
        >
          Whoever is named as the owner in the file of an entity appears here:
        </Empty>
      )}
      <ul className="owned">
        {counts.data?.map(({ value, count }) => (
          <li key={value}>
            <Link to="/catalog" search={{ q: query(value) }} disabled={owners.length > MAX_OWNERS}>
              <KindIcon kind={value} size={20} />
              <strong>{formatCount(count)}</strong>
              <span className="muted">{kindLook(value).plural}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function ownerTerm(text: string) {
  const ref = parseRef(text);
  const value = ref.kind === 'group' ? shortRef(ref) : `${ref.kind}:${shortRef(ref)}`;
  return { key: 'owner', value, negated: false };
}
