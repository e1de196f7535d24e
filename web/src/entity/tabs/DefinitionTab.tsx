/** The definition of an API: what it offers, as it is written, and what differs from another one. */

import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useId, useState } from 'react';
import { type Entity, specText } from '../../api/entity';
import { languageOf } from '../../apis/definition';
import type { Definition } from '../../apis/model';
import { Reference } from '../../apis/Reference';
import { useDefinition } from '../../apis/useDefinition';
import { EntitySearch } from '../../ui/EntityPicker';
import { Notice, SkeletonRows } from '../../ui/Small';
import { ErrorState } from '../../ui/States';

const CodeView = lazy(() => import('../../ui/CodeView'));
const loadDiff = () => import('../../apis/DiffView');
const DiffView = lazy(() => loadDiff().then(it => ({ default: it.DiffView })));
const TextDiff = lazy(() => loadDiff().then(it => ({ default: it.TextDiff })));
const route = getRouteApi('/catalog/$namespace/$kind/$name/$tab');

type View = 'reference' | 'source' | 'compare';

const TITLES: Record<View, string> = {
  reference: 'Reference',
  source: 'Source',
  compare: 'Compare',
};

function viewOf(text: string | undefined, isCompared: boolean, isRead: boolean): View {
  if (isCompared || text === 'compare') return 'compare';
  return text === 'source' || !isRead ? 'source' : 'reference';
}

const isRead = (definition: Definition | null | undefined): definition is Definition =>
  definition != null && definition.operations.length + definition.types.size > 0;

export default function DefinitionTab({ entity }: { entity: Entity }) {
  const text = specText(entity, 'definition') ?? '';
  const type = specText(entity, 'type') ?? '';
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, isPending } = useDefinition(type, text);
  const set = (next: { view?: string; compare?: string; operation?: string }) =>
    void navigate({ search: next, replace: true, resetScroll: false });
  if (isPending) return <SkeletonRows n={6} />;
  const view = viewOf(search.view, search.compare !== undefined, isRead(data));
  return (
    <div className="column">
      <fieldset className="segmented" aria-label="View" style={{ justifySelf: 'start' }}>
        {(Object.keys(TITLES) as View[])
          .filter(it => it !== 'reference' || isRead(data))
          .map(it => (
            <button
              key={it}
              type="button"
              aria-pressed={it === view}
              onClick={() => set({ view: it === 'reference' ? undefined : it })}
            >
              {TITLES[it]}
            </button>
          ))}
      </fieldset>
      {error && <ErrorState error={error} />}
      {view !== 'compare' && <Problems definition={data} />}
      <Suspense fallback={<SkeletonRows n={6} />}>
        {view === 'reference' && isRead(data) && (
          <Reference
            definition={data}
            canTry={['openapi', 'swagger'].includes(type.toLowerCase())}
            open={search.operation}
            onOpen={operation => set({ operation })}
          />
        )}
        {view === 'source' && (
          <CodeView text={text} language={languageOf(text)} label="Definition" />
        )}
        {view === 'compare' && (
          <Compare
            type={type}
            text={text}
            other={search.compare}
            onOther={compare => set({ view: 'compare', compare })}
          />
        )}
      </Suspense>
    </div>
  );
}

/** Why some of the definition, or all of it, is only shown as it is written. */
function Problems({ definition }: { definition: Definition | null | undefined }) {
  if (!definition || definition.problems.length === 0) return null;
  return (
    <Notice tone="warn">
      The definition could not be read{isRead(definition) && ' to its end'}:
      {definition.problems.map(({ message, line }) => (
        <div key={message}>
          {line !== undefined && `line ${line}: `}
          {message}
        </div>
      ))}
    </Notice>
  );
}

const APIS = { kind: 'api' };

interface CompareProps {
  type: string;
  text: string;
  other: string | undefined;
  onOther: (other: string | undefined) => void;
}

/** Versions of an API are APIs of their own, or texts that somebody has. */
function Compare({ type, text, other, onOther }: CompareProps) {
  const [pasted, setPasted] = useState('');
  const id = useId();
  return (
    <>
      <div className="compare">
        <div className="page-actions">
          <span>Compare with</span>
          <div style={{ width: 280 }}>
            <EntitySearch
              label="Compare with another API"
              query={APIS}
              value={other}
              placeholder="another API, such as its last version"
              onPick={onOther}
            />
          </div>
        </div>
        {!other && (
          <div className="field">
            <label htmlFor={id}>or with a text</label>
            <textarea
              id={id}
              className="input"
              spellCheck={false}
              placeholder="An earlier definition, pasted here"
              value={pasted}
              onChange={event => setPasted(event.target.value)}
            />
          </div>
        )}
      </div>
      {other && <DiffView type={type} text={text} other={other} />}
      {!other && pasted.trim() !== '' && <TextDiff type={type} before={pasted} after={text} />}
    </>
  );
}
