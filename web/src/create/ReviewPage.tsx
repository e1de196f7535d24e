/** A last look at what was filled in, with what would happen, before a template starts. */

import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { scaffolder, type TemplateForm } from '../api/scaffolder';
import { deniedTitle, MAY, useMay } from '../session/may';
import { Button } from '../ui/Button';
import { Notice, SkeletonRows } from '../ui/Small';
import { PlanView } from './plan/PlanView';
import { reviewOf } from './review';
import { keepSecrets } from './run/secrets';

interface ReviewProps {
  form: TemplateForm;
  values: Record<string, unknown>;
  secrets: Record<string, string>;
  templateRef: string;
  onBack: () => void;
  onStarted: () => void;
}

export function ReviewPage({ form, values, secrets, templateRef, onBack, onStarted }: ReviewProps) {
  const navigate = useNavigate();
  const may = useMay(MAY.createTask);
  const [waitForApproval, setWait] = useState(false);
  const draft = { templateRef, values, secrets };
  const start = useMutation({
    mutationFn: () => scaffolder.start({ ...draft, waitForApproval }),
    onSuccess: ({ id }) => {
      keepSecrets(id, secrets);
      onStarted();
      return navigate({ to: '/create/tasks/$id', params: { id } });
    },
    onError: () => {
      isStarted.current = false;
    },
  });
  // A second click comes before the button can be disabled.
  const isStarted = useRef(false);
  const create = () => {
    if (isStarted.current) return;
    isStarted.current = true;
    start.mutate();
  };
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
        <Button variant="primary" disabled={start.isPending || may === false} onClick={create}>
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
