/** No such entity: by which name it goes now, and what is called alike. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { catalog } from '../api/catalog';
import { type EntityRef, formatRef, refTextOf, shortRef } from '../api/entity';
import { MAY, useMay, useSeesNothing } from '../session/may';
import { EntityLink } from '../ui/EntityLink';
import { KindIcon } from '../ui/KindIcon';
import { kindName } from '../ui/kinds';
import { Card, Page } from '../ui/Page';
import { Time } from '../ui/Small';
import { Denied, Empty } from '../ui/States';
import { reasonOf } from './former';
import { nearest } from './nearest';

const MAX_NEAR = 6;
/** Candidates from which the nearest are chosen. */
const CANDIDATES = 200;

/** Entities whose name has a part of the sought name in it. */
async function candidates({ name }: EntityRef): Promise<string[]> {
  const parts = [name, ...name.split(/[-_.]+/).filter(part => part.length > 2)].slice(0, 5);
  const pages = await Promise.all(
    parts.map(term =>
      catalog.query({
        limit: CANDIDATES,
        fullTextFilter: { term, fields: ['metadata.name', 'metadata.title'] },
        fields: ['kind', 'metadata.name', 'metadata.namespace'],
      }),
    ),
  );
  return [...new Set(pages.flatMap(page => page.items.map(refTextOf)))];
}

export default function MissingEntity({ entityRef }: { entityRef: EntityRef }) {
  const text = formatRef(entityRef);
  const mayRegister = useMay(MAY.register);
  const isDenied = useSeesNothing();
  const near = useQuery({
    queryKey: ['near', text],
    queryFn: async () => nearest(text, await candidates(entityRef)).slice(0, MAX_NEAR),
  });
  // Without an answer the page is as good as it was before there was one.
  const former = useQuery({
    queryKey: ['former', text],
    queryFn: () => catalog.former(entityRef),
    retry: false,
  });
  const renamed = former.data?.items ?? [];
  const known = new Set(renamed.map(successor => successor.entityRef));
  const alike = (near.data ?? []).filter(ref => !known.has(ref));
  return (
    <Page title={shortRef(entityRef)} icon={<KindIcon kind={entityRef.kind} size={20} />}>
      {isDenied && <Denied needs={MAY.readEntity} />}
      <Empty
        title={`There is no ${kindName(entityRef.kind)} of this name that you may see`}
        actions={
          <>
            <Link className="btn" to="/catalog" search={{ q: entityRef.name }}>
              Search the catalog
            </Link>
            {mayRegister !== false && (
              <Link className="btn" to="/catalog-import">
                Register it
              </Link>
            )}
          </>
        }
      >
        <code>{text}</code>{' '}
        {former.data?.removedAt ? (
          <>
            was removed <Time at={former.data.removedAt} />.
          </>
        ) : (
          'may have been renamed, removed, or not be read yet.'
        )}
      </Empty>
      {renamed.length > 0 && (
        <Card title="It may go by another name now" flush>
          <ul className="rows">
            {renamed.map(successor => (
              <li key={successor.entityRef}>
                <EntityLink entityRef={successor.entityRef} />
                <span className="grow muted">{reasonOf(successor)}</span>
                <code className="muted">{successor.entityRef}</code>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {alike.length > 0 && (
        <Card title="Called alike" flush>
          <ul className="rows">
            {alike.map(ref => (
              <li key={ref}>
                <EntityLink entityRef={ref} />
                <code className="muted">{ref}</code>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </Page>
  );
}
