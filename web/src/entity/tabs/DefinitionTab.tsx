/** The definition of an API. */

import { lazy, useMemo } from 'react';
import { type Entity, specText } from '../../api/entity';
import { languageOf, outlineOf } from '../../apis/definition';
import { Card } from '../../ui/Page';
import { Badge } from '../../ui/Small';

const CodeView = lazy(() => import('../../ui/CodeView'));

export default function DefinitionTab({ entity }: { entity: Entity }) {
  const text = specText(entity, 'definition') ?? '';
  const type = specText(entity, 'type') ?? '';
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
      <CodeView text={text} language={languageOf(text)} label="Definition" />
    </div>
  );
}
