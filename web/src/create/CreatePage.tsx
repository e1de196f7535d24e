/** Everything that can be made here, as cards. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { BookOpen, ListChecks, MoreHorizontal, SquarePen, Star } from 'lucide-react';
import { type Entity, parseRef, refOf, refTextOf, relationsOf, titleOf } from '../api/entity';
import { entityQuery } from '../api/queries';
import { stars, useKept } from '../app/kept';
import { toggleStar } from '../app/stars';
import { MAY, useMay, useSeesNothing } from '../session/may';
import { useUser } from '../session/useSession';
import { IconButton } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { FindField } from '../ui/FindField';
import { KindIcon } from '../ui/KindIcon';
import { Markdown } from '../ui/Markdown';
import { Menu, MenuItem } from '../ui/Menu';
import { Page } from '../ui/Page';
import { formatCount, Notice, Skeleton } from '../ui/Small';
import { Denied, Empty, ErrorState } from '../ui/States';
import { isFor } from './prefill';
import {
  countsOf,
  isFound,
  MAX_TEMPLATES,
  type TemplateFilter,
  tagsOf,
  templatesQuery,
  typeOf,
} from './templates';
import './create.css';

const route = getRouteApi('/create');

export default function CreatePage() {
  const { entity: entityRef, ...filter } = route.useSearch();
  const entity = useQuery({
    ...entityQuery(parseRef(entityRef ?? '')),
    enabled: entityRef !== undefined,
  });
  const user = useUser();
  const starred = useKept(stars);
  const mayCreate = useMay(MAY.createTask);
  const { data, error, isPending, refetch } = useQuery(templatesQuery);
  const all = data?.items ?? [];
  const templates = entity.data ? all.filter(it => isFor(it, entity.data)) : all;
  const asker = { ownershipRefs: user.ownershipEntityRefs, stars: starred };
  const found = templates.filter(template => isFound(template, filter, asker));
  return (
    <Page
      title={entity.data ? `Change ${titleOf(entity.data)}` : 'Create'}
      crumbs={entityRef && <EntityLink entityRef={entityRef} />}
      lead={
        entity.data
          ? 'Templates for what is there: their forms begin with what it is now.'
          : 'Golden paths: answer a few questions, and get what your colleagues would have made.'
      }
      actions={
        <>
          <Link className="btn" to="/create/tasks">
            <ListChecks aria-hidden /> Runs
          </Link>
          <Link className="btn" to="/create/actions">
            <BookOpen aria-hidden /> Actions
          </Link>
          <Link className="btn" to="/create/editor">
            <SquarePen aria-hidden /> Edit a template
          </Link>
        </>
      }
    >
      {mayCreate === false && (
        <Notice tone="info">
          You may look, but not start anything: that needs the permission{' '}
          <code>{MAY.createTask.name}</code>.
        </Notice>
      )}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {entity.error && (
        <Notice tone="warn">
          {entityRef} could not be read, so all templates are shown: {entity.error.message}
        </Notice>
      )}
      {data && all.length === 0 && <NoTemplates />}
      {entity.data && all.length > 0 && templates.length === 0 && <NoneFor />}
      {templates.length > 0 && <Filters filter={filter} templates={templates} n={found.length} />}
      <ul className="template-cards" aria-busy={isPending}>
        {isPending && [1, 2, 3].map(at => <CardSkeleton key={at} />)}
        {found.map(template => (
          <TemplateCard
            key={refTextOf(template)}
            template={template}
            entityRef={entityRef}
            isStarred={starred.includes(refTextOf(template))}
          />
        ))}
      </ul>
      {templates.length > 0 && found.length === 0 && (
        <Empty title="No template matches">
          <Link to="/create" search={{ entity: entityRef }}>
            Show all {formatCount(templates.length)}
          </Link>
        </Empty>
      )}
      {(data?.totalItems ?? 0) > MAX_TEMPLATES && (
        <p className="muted">The first {formatCount(MAX_TEMPLATES)} by name are shown.</p>
      )}
    </Page>
  );
}

const EXAMPLE = `catalog:
  locations:
    - type: url
      target: https://github.com/acme/templates/blob/main/all.yaml
      rules:
        - allow: [Template]`;

function NoTemplates() {
  const isDenied = useSeesNothing();
  if (isDenied) return <Denied needs={MAY.readEntity} />;
  return (
    <Empty title="There are no templates yet" example={EXAMPLE}>
      A template is an entity of the catalog. Where they are allowed to come from stands in
      app-config.yaml:
    </Empty>
  );
}

const EXAMPLE_FOR = `metadata:
  annotations:
    callboard.dev/for: kind=component,spec.type=service`;

function NoneFor() {
  return (
    <Empty
      title="No template is for this"
      example={EXAMPLE_FOR}
      actions={
        <Link className="btn" to="/create">
          Show all templates
        </Link>
      }
    >
      A template says in its metadata which entities it changes:
    </Empty>
  );
}

interface FiltersProps {
  filter: TemplateFilter;
  templates: Entity[];
  n: number;
}

const SHOWN: [string | undefined, string][] = [
  [undefined, 'All'],
  ['owned', 'Owned'],
  ['starred', 'Starred'],
];

function Filters({ filter, templates, n }: FiltersProps) {
  const navigate = route.useNavigate();
  const set = (part: TemplateFilter) =>
    navigate({ search: now => ({ ...now, ...part }), replace: true });
  const choice = (name: 'type' | 'tag', label: string, values: [string, number][]) =>
    values.length > 0 && (
      <select
        className="select"
        aria-label={label}
        value={filter[name] ?? ''}
        onChange={event => set({ [name]: event.target.value || undefined })}
      >
        <option value="">{label}</option>
        {values.map(([value, count]) => (
          <option key={value} value={value}>
            {value} ({count})
          </option>
        ))}
      </select>
    );
  return (
    <search className="template-filters" aria-label="Filter the templates">
      <FindField
        label="Find a template"
        value={filter.find ?? ''}
        onChange={find => set({ find: find || undefined })}
      />
      {choice('type', 'Any type', countsOf(templates, typeOf))}
      {choice('tag', 'Any tag', countsOf(templates, tagsOf))}
      <fieldset className="segmented" aria-label="Whose">
        {SHOWN.map(([value, label]) => (
          <button
            key={label}
            type="button"
            aria-pressed={filter.show === value}
            onClick={() => set({ show: value })}
          >
            {label}
          </button>
        ))}
      </fieldset>
      <span className="muted" role="status">
        {formatCount(n)} {n === 1 ? 'template' : 'templates'}
      </span>
    </search>
  );
}

function CardSkeleton() {
  return (
    <li className="card template-card">
      <Skeleton width="50%" />
      <Skeleton width="90%" />
      <Skeleton width="30%" />
    </li>
  );
}

interface CardProps {
  template: Entity;
  /** The entity that it is to change. */
  entityRef: string | undefined;
  isStarred: boolean;
}

function TemplateCard({ template, entityRef, isStarred }: CardProps) {
  const ref = refTextOf(template);
  const { namespace, name } = refOf(template);
  const owner = relationsOf(template, 'ownedBy')[0];
  const [type] = typeOf(template);
  return (
    <li className="card template-card">
      <div className="template-head">
        <KindIcon kind="template" />
        <h2 className="grow">
          <Link
            to="/create/templates/$namespace/$name"
            params={{ namespace, name }}
            search={{ entity: entityRef }}
          >
            {titleOf(template)}
          </Link>
        </h2>
        <IconButton
          label={isStarred ? `Remove the star of ${name}` : `Star ${name}`}
          size="small"
          aria-pressed={isStarred}
          onClick={() => toggleStar(ref)}
        >
          <Star fill={isStarred ? 'currentColor' : 'none'} />
        </IconButton>
        <CardMenu template={template} />
      </div>
      <Markdown className="template-text" text={template.metadata.description ?? ''} />
      <div className="template-foot">
        {type && <span className="chip">{type}</span>}
        {tagsOf(template)
          .filter(tag => tag !== type)
          .map(tag => (
            <Link key={tag} className="chip" to="/create" search={{ tag, entity: entityRef }}>
              {tag}
            </Link>
          ))}
        <span className="grow" />
        {owner && <EntityLink entityRef={owner} />}
      </div>
    </li>
  );
}

function CardMenu({ template }: { template: Entity }) {
  const navigate = route.useNavigate();
  const { namespace, name } = refOf(template);
  return (
    <Menu
      trigger={
        <IconButton label={`More about ${name}`} size="small">
          <MoreHorizontal />
        </IconButton>
      }
    >
      <MenuItem
        icon={<SquarePen />}
        onSelect={() =>
          void navigate({ to: '/create/editor', search: { template: refTextOf(template) } })
        }
      >
        Edit a copy
      </MenuItem>
      <MenuItem
        icon={<KindIcon kind="template" />}
        onSelect={() =>
          void navigate({
            to: '/catalog/$namespace/$kind/$name',
            params: { namespace, kind: 'template', name },
          })
        }
      >
        Show it in the catalog
      </MenuItem>
    </Menu>
  );
}
