/** All relations of an entity, grouped, with the graph of its neighbours. */

import { Link } from '@tanstack/react-router';
import { Share2 } from 'lucide-react';
import { type Entity, refTextOf } from '../../api/entity';
import { RefList } from '../cards/RelationCard';
import { relationTitle } from '../relations';

export default function DependenciesTab({ entity }: { entity: Entity }) {
  const types = [...new Set((entity.relations ?? []).map(relation => relation.type))];
  const refs = (type: string) =>
    (entity.relations ?? [])
      .filter(relation => relation.type === type)
      .map(relation => relation.targetRef);
  return (
    <div className="column">
      <div>
        <Link className="btn" to="/catalog-graph" search={{ root: refTextOf(entity) }}>
          <Share2 aria-hidden /> Open in the graph
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
