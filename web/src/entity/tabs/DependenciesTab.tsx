/** The neighbours of an entity as a drawing, and all its relations as lists. */

import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Share2 } from 'lucide-react';
import { lazy, Suspense, useCallback, useMemo } from 'react';
import { type Entity, parseRef, refTextOf } from '../../api/entity';
import { type GraphQuery, loadGraph } from '../../graph/data';
import { Skeleton } from '../../ui/Small';
import { ErrorState } from '../../ui/States';
import { RefList } from '../cards/RelationCard';
import { relationTitle } from '../relations';

const GraphView = lazy(() => import('../../graph/GraphView'));
const SOFTWARE = ['partOf', 'dependsOn', 'providesApi', 'consumesApi'];

export default function DependenciesTab({ entity }: { entity: Entity }) {
  const types = [...new Set((entity.relations ?? []).map(relation => relation.type))];
  const refs = (type: string) =>
    (entity.relations ?? []).filter(it => it.type === type).map(it => it.targetRef);
  return (
    <div className="column">
      <Neighbours entity={entity} />
      <div>
        <Link className="btn" to="/catalog-graph" search={{ root: refTextOf(entity) }}>
          <Share2 aria-hidden /> Explore the graph
        </Link>
      </div>
      <div className="relation-grid">
        {types.map(type => (
          <RefList key={type} title={relationTitle(type)} refs={refs(type)} />
        ))}
      </div>
    </div>
  );
}

function Neighbours({ entity }: { entity: Entity }) {
  const navigate = useNavigate();
  const ref = refTextOf(entity);
  const roots = useMemo(() => [ref], [ref]);
  const query: GraphQuery = { roots, depth: 1, direction: 'both', relations: SOFTWARE, kinds: [] };
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['graph', query],
    queryFn: () => loadGraph(query),
  });
  const open = useCallback(
    (to: string) => void navigate({ to: '/catalog/$namespace/$kind/$name', params: parseRef(to) }),
    [navigate],
  );
  if (error) return <ErrorState error={error} onRetry={() => refetch()} />;
  if (isPending) return <Skeleton width={240} />;
  return (
    <div className="neighbours">
      <Suspense fallback={<Skeleton width={240} />}>
        <GraphView graph={data} roots={roots} onOpen={open} />
      </Suspense>
    </div>
  );
}
