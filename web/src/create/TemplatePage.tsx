/** Filling in a template, page by page, with a last look before it starts. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import { lazy, Suspense, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { entityQuery } from '../api/queries';
import { scaffolder, type TemplateForm } from '../api/scaffolder';
import { deniedTitle, MAY, useMay } from '../session/may';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { Page } from '../ui/Page';
import { Notice, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { PlanView } from './plan/PlanView';
import { reviewOf } from './review';
import './create.css';

const SchemaForm = lazy(() => import('./form/SchemaForm'));
const route = getRouteApi('/create/templates/$namespace/$name');

type Values = Record<string, unknown>;

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
      {data && <Wizard key={ref} form={data} templateRef={ref} />}
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

function Wizard({ form, templateRef }: { form: TemplateForm; templateRef: string }) {
  const { formData } = route.useSearch();
  const [values, setValues] = useState<Values>(() => givenValues(formData));
  const [at, setAt] = useState(0);
  const [reached, setReached] = useState(0);
  const secrets = useRef<Record<string, string>>({});
  const [, redraw] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  const go = (step: number) => {
    setAt(step);
    setReached(most => Math.max(most, step));
    requestAnimationFrame(() => heading.current?.focus());
  };
  const page = form.steps[at];
  const context = {
    secrets: secrets.current,
    setSecret: (name: string, value: string) => {
      secrets.current[name] = value;
      redraw(n => n + 1);
    },
  };
  const labels = form.presentation?.buttonLabels;
  const isLast = at === form.steps.length - 1;
  return (
    <div className="wizard">
      <Steps form={form} at={at} reached={reached} onGo={go} />
      <div className="wizard-page">
        <h2 ref={heading} tabIndex={-1}>
          {page?.title ?? 'Review'}
        </h2>
        {page?.description && <p className="muted">{page.description}</p>}
        {page ? (
          <Suspense fallback={<SkeletonRows n={4} />}>
            <SchemaForm
              key={at}
              page={page.schema}
              values={values}
              context={context}
              onChange={setValues}
              onSubmit={next => {
                setValues(next);
                go(at + 1);
              }}
            >
              <div className="wizard-foot">
                {at > 0 && (
                  <Button onClick={() => go(at - 1)}>{labels?.backButtonText ?? 'Back'}</Button>
                )}
                <Button type="submit" variant="primary">
                  {isLast ? (labels?.reviewButtonText ?? 'Review') : 'Next'}
                </Button>
              </div>
            </SchemaForm>
          </Suspense>
        ) : (
          <Review
            form={form}
            values={values}
            secrets={secrets.current}
            templateRef={templateRef}
            onBack={() => go(at - 1)}
          />
        )}
      </div>
    </div>
  );
}

interface StepsProps {
  form: TemplateForm;
  at: number;
  reached: number;
  onGo: (step: number) => void;
}

function Steps({ form, at, reached, onGo }: StepsProps) {
  const titles = [...form.steps.map(({ title }) => title), 'Review'];
  return (
    <nav aria-label="Pages of the form">
      <ol className="wizard-steps">
        {titles.map((title, index) => (
          <li key={`${index} ${title}`}>
            <button
              type="button"
              // Forward only through the page, which checks what was filled in.
              disabled={index > reached || index > at}
              aria-current={index === at ? 'step' : undefined}
              onClick={() => index < at && onGo(index)}
            >
              <span className="wizard-mark" aria-hidden>
                {index < at ? <Check /> : index + 1}
              </span>
              {title}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

interface ReviewProps {
  form: TemplateForm;
  values: Values;
  secrets: Record<string, string>;
  templateRef: string;
  onBack: () => void;
}

function Review({ form, values, secrets, templateRef, onBack }: ReviewProps) {
  const navigate = useNavigate();
  const may = useMay(MAY.createTask);
  const [waitForApproval, setWait] = useState(false);
  const draft = { templateRef, values, secrets };
  const start = useMutation({
    mutationFn: () => scaffolder.start({ ...draft, waitForApproval }),
    onSuccess: ({ id }) => navigate({ to: '/create/tasks/$id', params: { id } }),
  });
  const plan = useMutation({ mutationFn: () => scaffolder.plan(draft) });
  const lines = reviewOf(
    form.steps.map(({ schema }) => schema),
    values,
  );
  const labels = form.presentation?.buttonLabels;
  return (
    <>
      <div className="card">
        <div className="card-body">
          <dl className="facts">
            {lines.map(({ label, text }) => (
              <Line key={label} label={label} text={text} />
            ))}
          </dl>
          {lines.length === 0 && <p className="muted">Nothing had to be filled in.</p>}
        </div>
      </div>
      {may === false && <Notice tone="info">{deniedTitle(may, MAY.createTask)}.</Notice>}
      {start.error && <Notice tone="error">{start.error.message}</Notice>}
      {plan.isPending && <SkeletonRows n={4} />}
      {plan.error && <Notice tone="error">{plan.error.message}</Notice>}
      {plan.data && <PlanView planned={plan.data} />}
      <label className="wizard-wait">
        <input
          type="checkbox"
          checked={waitForApproval}
          onChange={event => setWait(event.target.checked)}
        />
        Wait for approval before anything happens
      </label>
      <div className="wizard-foot">
        <Button onClick={onBack}>{labels?.backButtonText ?? 'Back'}</Button>
        <Button disabled={plan.isPending || may === false} onClick={() => plan.mutate()}>
          {plan.data ? 'Plan again' : 'Show the plan'}
        </Button>
        <Button
          variant="primary"
          disabled={start.isPending || may === false}
          onClick={() => start.mutate()}
        >
          {labels?.createButtonText ?? 'Create'}
        </Button>
      </div>
    </>
  );
}

function Line({ label, text }: { label: string; text: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd className="prewrap">{text}</dd>
    </>
  );
}
