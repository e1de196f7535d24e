/** Filling in a template, page by page, with a last look before it starts; for an entity, with what it is. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ApiError } from '../api/client';
import { type Entity, parseRef } from '../api/entity';
import { entityQuery } from '../api/queries';
import { scaffolder, type TemplateForm } from '../api/scaffolder';
import { EntityLink } from '../ui/EntityLink';
import { Page } from '../ui/Page';
import { Notice, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { valuesFrom } from './prefill';
import { withoutSecrets } from './review';
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
  return (
    <Page
      title={data?.title ?? entity.data?.metadata.title ?? params.name}
      lead={data?.description ?? entity.data?.metadata.description}
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
  return <Wizard {...props} key={formData} begin={given} beganWith={formData ?? ''} />;
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
  if (!data) {
    return (
      <>
        {error && <ErrorState error={error} onRetry={() => refetch()} />}
        <Wizard {...props} begin={{}} beganWith={taskId} />
      </>
    );
  }
  const begin = withoutSecrets(data.spec.parameters, schemasOf(props.form));
  return <Wizard {...props} begin={begin} beganWith={taskId} />;
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
  const beganWith = `${entityRef} ${JSON.stringify(given)}`;
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
