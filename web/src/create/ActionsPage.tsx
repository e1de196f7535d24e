/** What steps of templates can do: every action with its inputs, outputs and examples. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { isRecord } from '../api/entity';
import { type Action, type JsonSchema, scaffolder } from '../api/scaffolder';
import { FindField } from '../ui/FindField';
import { Markdown } from '../ui/Markdown';
import { Card, Page } from '../ui/Page';
import { Badge, formatCount, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import './create.css';
import './run/run.css';

const CodeView = lazy(() => import('../ui/CodeView'));
const route = getRouteApi('/create/actions');

export default function ActionsPage() {
  const { find = '', action } = route.useSearch();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['actions'],
    queryFn: scaffolder.actions,
  });
  const found = data?.filter(({ id, description = '' }) =>
    `${id} ${description}`.toLowerCase().includes(find.toLowerCase()),
  );
  const chosen = data?.find(({ id }) => id === action) ?? found?.[0];
  return (
    <Page
      title="Actions"
      crumbs={<Link to="/create">Create</Link>}
      lead="The building blocks of templates: a step names one, and gives it its input."
    >
      {isPending && <SkeletonRows n={8} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data && (
        <div className="run">
          <List actions={found ?? []} chosen={chosen?.id} />
          {chosen && <ActionView key={chosen.id} action={chosen} />}
        </div>
      )}
    </Page>
  );
}

function List({ actions, chosen }: { actions: Action[]; chosen: string | undefined }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <nav className="card" aria-label="Actions">
      <div className="card-body">
        <FindField
          label="Find an action"
          value={search.find ?? ''}
          onChange={find => navigate({ search: { find: find || undefined }, replace: true })}
        />
        <p className="field-help" role="status" style={{ marginTop: 4 }}>
          {formatCount(actions.length)} {actions.length === 1 ? 'action' : 'actions'}
        </p>
      </div>
      {actions.length === 0 && <Empty title={`No action has “${search.find}”`} />}
      <ul className="action-list">
        {actions.map(({ id }) => (
          <li key={id}>
            <Link
              className="rail-link mono"
              to="/create/actions"
              search={{ ...search, action: id }}
              aria-current={id === chosen ? 'page' : undefined}
              resetScroll={false}
            >
              {id}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function ActionView({ action }: { action: Action }) {
  const { id, description, schema, examples = [] } = action;
  return (
    <div className="column">
      <Card title={id}>
        {description ? <Markdown text={description} /> : <p className="muted">–</p>}
      </Card>
      <Card title="Input" flush>
        <Properties schema={schema?.input} none="It takes nothing" />
      </Card>
      <Card title="Output" flush>
        <Properties schema={schema?.output} none="It gives nothing" />
      </Card>
      {examples.map(example => (
        <Card key={example.description} title={example.description} flush>
          {example.notes && <div className="card-body muted">{example.notes}</div>}
          <Suspense fallback={<SkeletonRows n={3} />}>
            <CodeView text={example.example} language="yaml" label={example.description} />
          </Suspense>
        </Card>
      ))}
    </div>
  );
}

interface Property {
  name: string;
  type: string;
  isNeeded: boolean;
  title: string;
}

const MAX_DEPTH = 3;

function propertiesOf(schema: JsonSchema, prefix = '', depth = 0): Property[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const own = isRecord(schema.properties) ? Object.entries(schema.properties) : [];
  const found = own.flatMap(([name, value]) => {
    if (!isRecord(value)) return [];
    const { title, description } = value;
    const words = [title, description].filter(text => typeof text === 'string');
    const property: Property = {
      name: `${prefix}${name}`,
      type: typeOf(value),
      isNeeded: required.includes(name),
      title: words.join(': '),
    };
    const inner = isRecord(value.items) ? value.items : value;
    const path = `${prefix}${name}${isRecord(value.items) ? '[]' : ''}.`;
    return [property, ...(depth < MAX_DEPTH ? propertiesOf(inner, path, depth + 1) : [])];
  });
  const choices = [schema.oneOf, schema.anyOf, schema.allOf].flat().filter(isRecord);
  const seen = new Set(found.map(({ name }) => name));
  for (const choice of choices) {
    const more = propertiesOf(choice, prefix, depth + 1).filter(({ name }) => !seen.has(name));
    for (const property of more) seen.add(property.name);
    found.push(...more);
  }
  return found;
}

function typeOf({ type, enum: values, items, const: only }: JsonSchema): string {
  if (Array.isArray(values)) return values.map(String).join(' | ');
  if (only !== undefined) return String(only);
  if (isRecord(items)) return `${typeOf(items)}[]`;
  return Array.isArray(type) ? type.join(' | ') : String(type ?? 'any');
}

function Properties({ schema, none }: { schema: JsonSchema | undefined; none: string }) {
  const properties = schema ? propertiesOf(schema) : [];
  if (properties.length === 0) return <Empty title={none} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className="table-wrap" aria-label="Properties" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col">What it is</th>
          </tr>
        </thead>
        <tbody>
          {properties.map(({ name, type, isNeeded, title }) => (
            <tr key={name}>
              <td>
                <code>{name}</code> {isNeeded && <Badge tone="info">needed</Badge>}
              </td>
              <td className="muted">{type}</td>
              <td>{title}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
