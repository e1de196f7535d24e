/** What a draft would have changed in what was really asked. */

import { useMutation } from '@tanstack/react-query';
import { type DryRun, permissions } from '../../api/permission';
import { Button } from '../../ui/Button';
import { EntityLink } from '../../ui/EntityLink';
import { Card } from '../../ui/Page';
import { formatCount, Notice } from '../../ui/Small';
import { Empty } from '../../ui/States';
import { DecisionBadge } from '../explain/DecisionBadge';
import { faultsOf, type RoleDraft, toWire } from './draft';

export function DryRunCard({ draft }: { draft: RoleDraft }) {
  const run = useMutation({ mutationFn: () => permissions.dryRun(toWire(draft)) });
  const isReady = Object.keys(faultsOf(draft)).length === 0;
  return (
    <Card
      title="Try it first"
      flush
      actions={
        <Button size="small" disabled={!isReady || run.isPending} onClick={() => run.mutate()}>
          {run.isPending ? 'Trying…' : 'Dry run'}
        </Button>
      }
    >
      {!run.data && !run.error && (
        <div className="card-body field-help">
          Says whose decisions of the past days would have been others. Conditions are not part of
          it. Nothing is changed.
        </div>
      )}
      {run.error && (
        <div className="card-body">
          <Notice tone="error">{run.error.message}</Notice>
        </div>
      )}
      {run.data && <Changes run={run.data} />}
    </Card>
  );
}

const EXAMPLE = `callboard:
  permission:
    recordDecisions: true`;

function Changes({ run }: { run: DryRun }) {
  const { isRecording, nRecorded, nChanges, changes } = run;
  if (!isRecording && nRecorded === 0) {
    return (
      <Empty title="Decisions are not recorded" example={EXAMPLE}>
        With this in app-config.yaml the portal remembers each kind of decision once:
      </Empty>
    );
  }
  if (nChanges === 0) {
    return (
      <div className="card-body">
        <Notice tone="ok">
          None of {formatCount(nRecorded)} recorded kinds of decisions would change.
        </Notice>
      </div>
    );
  }
  return (
    <>
      <div className="card-body">
        {formatCount(nChanges)} of {formatCount(nRecorded)} recorded kinds of decisions would change
        {changes.length < nChanges && `; the first ${changes.length} are`}:
      </div>
      <ul className="rows">
        {changes.map(({ asked, before, after }) => (
          <li key={`${asked.user} ${asked.permission}`}>
            <EntityLink entityRef={asked.user} />
            <code className="grow" title={after.reason}>
              {asked.permission}
            </code>
            <span className="count">asked {formatCount(asked.nTimes)} times</span>
            <DecisionBadge decision={before.decision} /> →{' '}
            <DecisionBadge decision={after.decision} />
          </li>
        ))}
      </ul>
    </>
  );
}
