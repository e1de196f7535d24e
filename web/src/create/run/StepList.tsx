/** The steps of a run, one below the other, with what they are in and how long they took. */

import { Ban, Circle, CircleCheck, CircleSlash, CircleX, LoaderCircle } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { TaskStatus } from '../../api/scaffolder';
import { formatSpan } from '../../ui/Small';
import type { StepRun } from './run';

const ICONS: Record<TaskStatus, typeof Circle> = {
  open: Circle,
  processing: LoaderCircle,
  completed: CircleCheck,
  failed: CircleX,
  cancelled: Ban,
  skipped: CircleSlash,
};

interface StepListProps {
  steps: StepRun[];
  now: number;
  /** The step whose lines are shown. */
  active: string | undefined;
  onPick: (step: string | undefined) => void;
}

export function StepList({ steps, ...props }: StepListProps) {
  return (
    <ol className="rows run-steps">
      {steps.map(step => (
        <li key={step.id} data-active={props.active === step.id ? '' : undefined}>
          <StepButton step={step} {...props} />
        </li>
      ))}
    </ol>
  );
}

interface StepButtonProps extends Omit<StepListProps, 'steps'> {
  step: StepRun;
}

/** A step with its state; chooses whose lines are shown. */
export function StepButton({ step, now, active, onPick }: StepButtonProps) {
  const Icon = ICONS[step.status] ?? Circle;
  const isActive = active === step.id;
  return (
    <button
      type="button"
      className="run-step"
      data-status={step.status}
      aria-pressed={isActive}
      title={`${step.action}: show only its lines`}
      onClick={() => onPick(isActive ? undefined : step.id)}
    >
      <Icon aria-hidden />
      <span className="grow">{step.name}</span>
      <span className="count">{noteOf(step, now)}</span>
    </button>
  );
}

function noteOf({ status, startedAt, endedAt }: StepRun, now: number): string {
  if (status === 'open') return '';
  if (status === 'skipped' || startedAt === undefined) return status;
  const span = formatSpan((endedAt ?? Math.max(now, startedAt)) - startedAt);
  return status === 'completed' || status === 'processing' ? span : `${status}, ${span}`;
}

/** The time, second by second while something runs. */
export function useNow(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
