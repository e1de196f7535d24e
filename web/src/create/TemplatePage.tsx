/** Filling in a template, page by page, with a last look before it starts; for an entity, with what it is. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ApiError } from '../api/client';
import { type Entity, parseRef } from '../api/entity';
import { entityQuery } from '../api/queries';
import { scaffolder, type TemplateForm } from '../api/scaffolder';
import { EntityLink } from '../ui/EntityLink';
import { Markdown } from '../ui/Markdown';
import { Page } from '../ui/Page';
import { Notice, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { valuesFrom } from './prefill';
import { withoutSecrets } from './unkept';
import { type Values, Wizard } from './Wizard';
import './create.css';

const route = getRouteApi('/create/templates/$namespace/$name');

export default function TemplatePage() {
  const params = route.useParams();
  const entity = useQuery(entityQuery({ kind: 'template', ...params }));
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['template-form', params.namespace, params.name],
    queryFn: () => scaffolder.form(params),
    retry: false,
    // What is being filled in must not change under the hands.
    refetchOnWindowFocus: false,
  });
  const ref = `template:${params.namespace}/${params.name}`;
  const isMissing = error instanceof ApiError && error.isMissing;
  const description = data?.description ?? entity.data?.metadata.description;
  return (
    <Page
      title={data?.title ?? entity.data?.metadata.title ?? params.name}
      lead={description && <Markdown text={description} />}
      crumbs={<Link to="/create">Create</Link>}
      actions={!isMissing && <EntityLink entityRef={ref} />}
    >
      {isPending && <SkeletonRows n={6} />}
      {isMissing && (
        <Empty title={`There is no template ${ref}`}>
          <Link to="/create">All templates</Link>
        </Empty>
      )}
      {error && !isMissing && <ErrorState error={error} onRetry={() => refetch()} />}
      {data && <Filled key={ref} form={data} templateRef={ref} />}
    </Page>
  );
}

/** Values that came with the address, as links of other tools have them. */
function givenValues(text: string | undefined): Values {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Values) : {};
  } catch {
    return {};
  }
}

/** Tells forms apart that begin with other values; the browser keeps it, so no secret is in it. */
const nameOf = (given: Values, form: TemplateForm) =>
  JSON.stringify(withoutSecrets(given, schemasOf(form)));

interface FilledProps {
  form: TemplateForm;
  templateRef: string;
}

/** A form with what its address says. */
function Filled(props: FilledProps) {
  const { formData, entity, task } = route.useSearch();
  const given = givenValues(formData);
  if (task) return <FilledAgain {...props} taskId={task} />;
  if (entity) return <FilledFrom {...props} entityRef={entity} given={given} />;
  const beganWith = formData === undefined ? '' : nameOf(given, props.form);
  return <Wizard {...props} key={formData} begin={given} beganWith={beganWith} />;
}

/** A form with what a run was started with. Its secrets are not known any more. */
function FilledAgain({ taskId, ...props }: FilledProps & { taskId: string }) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['task', taskId],
    queryFn: () => scaffolder.task(taskId),
    retry: false,
    refetchOnWindowFocus: false,
  });
  if (isPending) return <SkeletonRows n={6} />;
  if (!data) return <NotAgain error={error} onRetry={() => refetch()} />;
  const begin = withoutSecrets(data.spec.parameters, schemasOf(props.form));
  return <Wizard {...props} begin={begin} beganWith={taskId} />;
}

/** Why a form does not begin with what a run was started with; an empty one would look as if it did. */
function NotAgain({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { namespace, name } = route.useParams();
  const empty = (
    <Link className="btn" to="/create/templates/$namespace/$name" params={{ namespace, name }}>
      Begin with an empty form
    </Link>
  );
  if (error instanceof ApiError && error.isMissing) {
    return (
      <Empty title="There is no such run" actions={empty}>
        It may have been removed since it ended, and what it was started with is gone with it.
      </Empty>
    );
  }
  if (error instanceof ApiError && error.isDenied) {
    return (
      <Empty title="You may not read what this run was started with" actions={empty}>
        Reading the runs of others needs the permission <code>scaffolder.task.read</code>.
      </Empty>
    );
  }
  return (
    <>
      <ErrorState error={error} onRetry={onRetry} />
      <div className="page-actions">{empty}</div>
    </>
  );
}

/** A form with what an entity is. */
function FilledFrom({
  entityRef,
  given,
  ...props
}: FilledProps & { entityRef: string; given: Values }) {
  const { data, error, isPending, refetch } = useQuery({
    ...entityQuery(parseRef(entityRef)),
    // What is being filled in must not change under the hands.
    refetchOnWindowFocus: false,
  });
  if (isPending) return <SkeletonRows n={6} />;
  const beganWith = `${entityRef} ${nameOf(given, props.form)}`;
  if (data) {
    const begin = { ...whatIs(data, props.form), ...given };
    return <Wizard {...props} begin={begin} beganWith={beganWith} />;
  }
  return (
    <>
      {error instanceof ApiError && error.isMissing ? (
        <Notice tone="warn">
          There is no {entityRef} that you may see: the form begins empty.
        </Notice>
      ) : (
        error && <ErrorState error={error} onRetry={() => refetch()} />
      )}
      <Wizard {...props} begin={given} beganWith={beganWith} />
    </>
  );
}

const schemasOf = ({ steps }: TemplateForm) => steps.map(({ schema }) => schema);

const whatIs = (entity: Entity, form: TemplateForm): Values => valuesFrom(entity, schemasOf(form));
