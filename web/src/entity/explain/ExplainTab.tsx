/** Where each value of an entity comes from, and what the catalog says is wrong with it. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { catalog, type Problem } from '../../api/catalog';
import {
  annotation,
  type Entity,
  locationUrl,
  MANAGED_BY,
  ORIGIN,
  refTextOf,
} from '../../api/entity';
import { MAY, useMay } from '../../session/may';
import { Button } from '../../ui/Button';
import { EntityLink } from '../../ui/EntityLink';
import { Card } from '../../ui/Page';
import { Badge, Notice, SkeletonRows } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { AncestryCard } from '../cards/AncestryCard';
import { type Explained, explain, type Section, type Sort } from './origins';
import './explain.css';

/** Rows of one section; groups of thousands have as many relations. */
const PAGE = 100;

export default function ExplainTab({ entity }: { entity: Entity }) {
  const [find, setFind] = useState('');
  const sections = useMemo(() => explain(entity), [entity]);
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const isFound = ({ path, value, origin }: Explained) => {
    const text = `${path} ${value} ${origin.by} ${origin.field ?? ''}`.toLowerCase();
    return words.every(word => text.includes(word));
  };
  const found = sections
    .map(it => ({ ...it, rows: it.rows.filter(isFound) }))
    .filter(({ rows }) => rows.length > 0);
  return (
    <div className="column">
      <Where entity={entity} />
      <Faults entity={entity} />
      <div className="explain-find">
        <input
          className="input"
          type="search"
          aria-label="Find a field"
          placeholder="Find a field, a value or an origin"
          value={find}
          onChange={event => setFind(event.target.value)}
        />
      </div>
      {found.length === 0 && <Empty title="No field has these words" />}
      {found.map(section => (
        <SectionCard key={section.title} section={section} />
      ))}
      <AncestryCard entity={entity} />
    </div>
  );
}

function Where({ entity }: { entity: Entity }) {
  const [read, origin] = [annotation(entity, MANAGED_BY), annotation(entity, ORIGIN)];
  return (
    <Card title="Where it was read">
      <dl className="facts">
        <dt>Read from</dt>
        <dd>{read ? <Location text={read} /> : 'The catalog does not say.'}</dd>
        {origin && origin !== read && (
          <>
            <dt>Found through</dt>
            <dd>
              <Location text={origin} />
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

function Location({ text }: { text: string }) {
  const url = locationUrl(text);
  const plain = text.replace(/^(url|file):/, '');
  return url ? (
    <a href={url} target="_blank" rel="noreferrer">
      {plain}
    </a>
  ) : (
    <code>{plain}</code>
  );
}

/** What is wrong with the last version that was read, and in which line. */
function Faults({ entity }: { entity: Entity }) {
  const may = useMay(MAY.readIngestion);
  const ref = refTextOf(entity);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['errors'],
    queryFn: catalog.errors,
    enabled: may === true,
    retry: false,
  });
  if (may === false) {
    return (
      <Notice tone="info">
        Whether its file was read without a fault, and which line is at fault, needs the permission{' '}
        <code>{MAY.readIngestion.name}</code>.
      </Notice>
    );
  }
  if (error) return <ErrorState error={error} onRetry={() => refetch()} />;
  if (isPending) return <SkeletonRows n={1} />;
  const mine = data.find(it => it.entityRef.toLowerCase() === ref);
  if (!mine) return null;
  return (
    <Card title="What is wrong with it" count={mine.problems.length}>
      <div className="column">
        {mine.hasLastGood && (
          <Notice tone="warn">What is shown here is the last version that was in order.</Notice>
        )}
        {mine.problems.map(problem => (
          <Fault
            key={`${problem.code} ${problem.message}`}
            problem={problem}
            file={mine.location}
          />
        ))}
      </div>
    </Card>
  );
}

function Fault({ problem, file }: { problem: Problem; file: string | undefined }) {
  const { message, hint, path, position } = problem;
  const place = problem.file ?? file?.replace(/^(url|file):/, '');
  const line = position && `line ${position.line}, column ${position.column}`;
  return (
    <Notice tone={problem.severity === 'warning' ? 'warn' : 'error'}>
      <div className="prewrap">{message}</div>
      {hint && <div>{hint}</div>}
      <div className="muted">{[place, line, path].filter(Boolean).join(' · ')}</div>
    </Notice>
  );
}

const SORTS: Record<Sort, string> = {
  source: 'source',
  processor: 'processor',
  catalog: 'catalog',
  entity: 'other entity',
};

function SectionCard({ section }: { section: Section }) {
  const [n, setN] = useState(PAGE);
  const left = section.rows.length - n;
  return (
    <Card title={section.title} count={section.rows.length} flush>
      <div className="table-wrap">
        <table className="table explain">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
              <th scope="col">Comes from</th>
            </tr>
          </thead>
          <tbody>
            {section.rows.slice(0, n).map(it => (
              <tr key={it.pointer}>
                <td>
                  <code>{it.path}</code>
                </td>
                <td className="wrap">
                  {it.target ? <EntityLink entityRef={it.target} /> : it.value}
                </td>
                <td>
                  <OriginView explained={it} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {left > 0 && (
        <div className="card-body">
          <Button onClick={() => setN(n + PAGE * 10)}>Show more of {left}</Button>
        </div>
      )}
    </Card>
  );
}

function OriginView({ explained }: { explained: Explained }) {
  const { sort, by, ref, field } = explained.origin;
  return (
    <div className="explain-origin">
      <Badge>{SORTS[sort]}</Badge>
      <div>
        <div>
          {by} {field && <code>{field}</code>}
        </div>
        {ref && <ExplainLink entityRef={ref} />}
      </div>
    </div>
  );
}

/** Leads to the explanation of the entity that says so. */
function ExplainLink({ entityRef }: { entityRef: string }) {
  const [kind = '', rest = ''] = entityRef.split(/:(.*)/);
  const [namespace = '', name = ''] = rest.split('/');
  return (
    <Link
      to="/catalog/$namespace/$kind/$name/$tab"
      params={{ kind, namespace, name, tab: 'explain' }}
    >
      Explain {name}
    </Link>
  );
}
