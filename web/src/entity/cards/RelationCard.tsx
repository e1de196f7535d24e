/** Everything that a relation leads to. */

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Entity, relationsOf, specText } from '../../api/entity';
import { summaryQuery } from '../../api/queries';
import { Lifecycle } from '../../catalog/columns';
import { Button } from '../../ui/Button';
import { EntityLink } from '../../ui/EntityLink';
import { Card } from '../../ui/Page';
import { plainText } from '../../ui/plain';

interface RelationCardProps {
  entity: Entity;
  title: string;
  type: string;
  kind?: string;
}

const SHOWN = 10;
/** Rows added by each click: a group may have thousands. */
const MORE = 100;

export function RelationCard({ entity, title, type, kind }: RelationCardProps) {
  const refs = relationsOf(entity, type, kind);
  return <RefList title={title} refs={refs} />;
}

export function RefList({ title, refs }: { title: string; refs: string[] }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <Card title={title} count={refs.length} flush>
      <ul className="rows">
        {refs.slice(0, shown).map(ref => (
          <RelatedRow key={ref} entityRef={ref} />
        ))}
      </ul>
      {refs.length > shown && (
        <div className="card-body">
          <Button size="small" onClick={() => setShown(shown + MORE)}>
            Show {Math.min(MORE, refs.length - shown)} more
          </Button>
        </div>
      )}
    </Card>
  );
}

function RelatedRow({ entityRef }: { entityRef: string }) {
  const { data } = useQuery(summaryQuery(entityRef));
  const lifecycle = data && specText(data, 'lifecycle');
  const type = data && specText(data, 'type');
  return (
    <li>
      <EntityLink entityRef={entityRef} />
      <span className="muted grow truncate">{plainText(data?.metadata.description)}</span>
      {type && <span className="muted">{type}</span>}
      {lifecycle && lifecycle !== 'production' && <Lifecycle value={lifecycle} />}
    </li>
  );
}
