/** The definition of an API. */

import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { type Entity, specText } from '../../api/entity';
import { languageOf, outlineOf } from '../../apis/definition';
import { Button } from '../../ui/Button';
import { EntitySearch } from '../../ui/EntityPicker';
import { Card } from '../../ui/Page';
import { Badge, SkeletonRows } from '../../ui/Small';

const CodeView = lazy(() => import('../../ui/CodeView'));
const DiffView = lazy(() => import('../../apis/DiffView').then(it => ({ default: it.DiffView })));
const route = getRouteApi('/catalog/$namespace/$kind/$name/$tab');

export default function DefinitionTab({ entity }: { entity: Entity }) {
  const text = specText(entity, 'definition') ?? '';
  const type = specText(entity, 'type') ?? '';
  const { compare } = route.useSearch();
  const outline = useMemo(() => outlineOf(type, text), [type, text]);
  return (
    <div className="column">
      {outline.length > 0 && (
        <Card title="Operations" count={outline.length} flush>
          <ul className="rows operations">
            {outline.map(operation => (
              <li key={`${operation.verb} ${operation.path}`}>
                <Badge tone={operation.isDeprecated ? 'warn' : 'info'}>{operation.verb}</Badge>
                <code className="truncate">{operation.path}</code>
                <span className="muted grow truncate">{operation.summary}</span>
                {operation.isDeprecated && <span className="muted">deprecated</span>}
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Compare other={compare} />
      {compare ? (
        <Suspense fallback={<SkeletonRows n={6} />}>
          <DiffView text={text} other={compare} />
        </Suspense>
      ) : (
        <CodeView text={text} language={languageOf(text)} label="Definition" />
      )}
    </div>
  );
}

const APIS = { kind: 'api' };

/** Versions of an API are APIs of their own: what changed is what differs between two. */
function Compare({ other }: { other: string | undefined }) {
  const navigate = route.useNavigate();
  const set = (compare: string | undefined) =>
    void navigate({ search: { compare }, replace: true, resetScroll: false });
  return (
    <div className="page-actions">
      <span>Compare with</span>
      <div style={{ width: 280 }}>
        <EntitySearch
          label="Compare with another API"
          query={APIS}
          value={other}
          placeholder="another API, such as its last version"
          onPick={set}
        />
      </div>
      {other && <Button onClick={() => set(undefined)}>Show the definition</Button>}
    </div>
  );
}
