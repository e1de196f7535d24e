/** The steps of a run, as a list or as a graph. */

import type { TaskStep } from '../../api/scaffolder';
import { Card } from '../../ui/Page';
import type { StepRun } from './run';
import { StepGraph } from './StepGraph';
import { StepList, useNow } from './StepList';

interface StepsProps {
  steps: TaskStep[];
  runs: StepRun[];
  isGraph: boolean;
  onLook: (isGraph: boolean) => void;
  /** The step whose lines are shown. */
  active: string | undefined;
  onPick: (step: string | undefined) => void;
}

const LOOKS: [boolean, string][] = [
  [false, 'List'],
  [true, 'Graph'],
];

export function Steps({ steps, runs, isGraph, onLook, active, onPick }: StepsProps) {
  const now = useNow(runs.some(({ status }) => status === 'processing'));
  const look = (
    <fieldset className="segmented" aria-label="Steps as">
      {LOOKS.map(([value, label]) => (
        <button
          key={label}
          type="button"
          aria-pressed={value === isGraph}
          onClick={() => onLook(value)}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
  return (
    <Card title="Steps" count={runs.length} actions={look} flush>
      {isGraph ? (
        <StepGraph steps={steps} runs={runs} now={now} active={active} onPick={onPick} />
      ) : (
        <StepList steps={runs} now={now} active={active} onPick={onPick} />
      )}
    </Card>
  );
}
