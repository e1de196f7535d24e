/** The entity as the catalog has it. */

import { getRouteApi } from '@tanstack/react-router';
import { lazy } from 'react';
import { stringify } from 'yaml';
import type { Entity } from '../../api/entity';

const CodeView = lazy(() => import('../../ui/CodeView'));
const route = getRouteApi('/catalog/$namespace/$kind/$name/$tab');

export default function RawTab({ entity }: { entity: Entity }) {
  const { format } = route.useSearch();
  const navigate = route.useNavigate();
  const isJson = format === 'json';
  const text = isJson ? JSON.stringify(entity, null, 2) : stringify(entity, { lineWidth: 0 });
  const choose = (next?: string) =>
    void navigate({ search: { format: next }, replace: true, resetScroll: false });
  return (
    <CodeView
      text={text}
      language={isJson ? 'json' : 'yaml'}
      label="The entity"
      actions={
        <fieldset className="segmented" aria-label="Format">
          <button type="button" aria-pressed={!isJson} onClick={() => choose()}>
            YAML
          </button>
          <button type="button" aria-pressed={isJson} onClick={() => choose('json')}>
            JSON
          </button>
        </fieldset>
      }
    />
  );
}
