/** A run of a template: its steps, its log as it is written, and what came out. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Ban, RotateCw, Undo2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { ApiError } from '../../api/client';
import { parseRef } from '../../api/entity';
import { scaffolder, type Task } from '../../api/scaffolder';
import { deniedTitle, MAY, useMay } from '../../session/may';
import { Button } from '../../ui/Button';
import { EntityLink } from '../../ui/EntityLink';
import { Page } from '../../ui/Page';
import { Notice, SkeletonRows, Time } from '../../ui/Small';
import { Empty, ErrorState } from '../../ui/States';
import { LogView } from './LogView';
import { OutputCard } from './OutputCard';
import { isRunning, isWaiting, type Run, statusOf } from './run';
import { StatusBadge } from './StatusBadge';
import { Steps } from './Steps';
import { secretsOf } from './secrets';
import { titleOf } from './task';
import { UndoDialog } from './UndoDialog';
import { useRun } from './useRun';
import { Waiting } from './Waiting';
import './run.css';

const route = getRouteApi('/create/tasks/$id');

export default function TaskPage() {
  const { id } = route.useParams();
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['task', id],
    queryFn: () => scaffolder.task(id),
    retry: false,
  });
  const isMissing = error instanceof ApiError && error.isMissing;
  if (data) return <TaskView key={id} task={data} knownAt={dataUpdatedAt} />;
  return (
    <Page title="Run" crumbs={<Crumbs />}>
      {isPending && <SkeletonRows n={6} />}
      {isMissing && (
        <Empty title="There is no such run">
          <Link to="/create/tasks">All runs</Link>
        </Empty>
      )}
      {error && !isMissing && <ErrorState error={error} onRetry={() => refetch()} />}
    </Page>
  );
}

function Crumbs() {
  return (
    <>
      <Link to="/create">Create</Link> / <Link to="/create/tasks">Runs</Link>
    </>
  );
}

function TaskView({ task, knownAt }: { task: Task; knownAt: number }) {
  const [attempt, setAttempt] = useState(0);
  const { run, isConnected, error, overAt } = useRun(task, attempt);
  // Somebody else has let it run again.
  const isAgain = overAt !== undefined && knownAt > overAt && isRunning(task);
  useEffect(() => {
    if (isAgain) setAttempt(now => now + 1);
  }, [isAgain]);
  const { line, steps: look } = route.useSearch();
  const isGraph = look === 'graph';
  const navigate = route.useNavigate();
  const show = (part: { line?: string; steps?: string }) =>
    navigate({ search: now => ({ ...now, ...part }), replace: true, resetScroll: false });
  const [step, setStep] = useState<string>();
  const lines = step ? run.lines.filter(({ stepId }) => stepId === step) : run.lines;
  return (
    <Page
      title={titleOf(task)}
      crumbs={<Crumbs />}
      actions={<Actions task={task} run={run} onUndone={() => setAttempt(attempt + 1)} />}
    >
      <Summary task={task} run={run} />
      {error && <ErrorState error={error} />}
      {!isConnected && !error && (
        <Notice tone="warn">The connection broke; the log goes on when it is back.</Notice>
      )}
      {run.error && (
        <Notice tone="error">
          <div className="prewrap">{run.error.message}</div>
        </Notice>
      )}
      {run.output && <OutputCard output={run.output} />}
      {isWaiting(task, run) && <Waiting task={task} />}
      <div className="run" data-graph={isGraph ? '' : undefined}>
        <Steps
          steps={task.spec.steps}
          runs={run.steps}
          isGraph={isGraph}
          onLook={look => show({ steps: look ? 'graph' : undefined })}
          active={step}
          onPick={setStep}
        />
        <LogView
          key={step ?? ''}
          lines={lines}
          marked={line}
          fileName={`run-${task.id}.log`}
          onMark={key => show({ line: key })}
        />
      </div>
    </Page>
  );
}

function Summary({ task, run }: { task: Task; run: Run }) {
  const by = task.spec.user?.ref;
  return (
    <div className="page-actions">
      <span role="status">
        <StatusBadge status={statusOf(task, run)} />
      </span>
      <span className="muted">
        started <Time at={Date.parse(task.createdAt)} />
        {by && ' by'}
      </span>
      {by && <EntityLink entityRef={by} />}
    </div>
  );
}

interface ActionsProps {
  task: Task;
  run: Run;
  onUndone: () => void;
}

function Actions({ task, run, onUndone }: ActionsProps) {
  const mayCancel = useMay(MAY.cancelTask, task.id);
  const mayCreate = useMay(MAY.createTask);
  const [isUndoing, setUndoing] = useState(false);
  const client = useQueryClient();
  const cancel = useMutation({ mutationFn: () => scaffolder.cancel(task.id) });
  const retry = useMutation({
    mutationFn: () => scaffolder.retry(task.id, secretsOf(task.id)),
    onSuccess: () => {
      client.setQueryData<Task>(['task', task.id], { ...task, status: 'processing' });
      // It may wait for approval again.
      void client.invalidateQueries({ queryKey: ['task', task.id] });
    },
  });
  const ref = task.spec.templateInfo?.entityRef;
  const { namespace = 'default', name = '' } = ref ? parseRef(ref) : {};
  const error = cancel.error ?? retry.error;
  const isStopping = run.isCancelling || cancel.isPending;
  return (
    <>
      {error && <Notice tone="error">{error.message}</Notice>}
      {!run.isOver && (
        <Button
          variant="danger"
          disabled={isStopping || mayCancel === false}
          title={deniedTitle(mayCancel, MAY.cancelTask)}
          onClick={() => cancel.mutate()}
        >
          <Ban aria-hidden /> {isStopping ? 'Stopping…' : 'Cancel'}
        </Button>
      )}
      {run.isOver && run.error && (
        <Button
          disabled={retry.isPending || mayCreate === false}
          title={deniedTitle(mayCreate, MAY.createTask)}
          onClick={() => retry.mutate()}
        >
          <RotateCw aria-hidden /> Retry
        </Button>
      )}
      {run.isOver && (
        <Button
          disabled={mayCancel === false}
          title={deniedTitle(mayCancel, MAY.cancelTask)}
          onClick={() => setUndoing(true)}
        >
          <Undo2 aria-hidden /> Undo
        </Button>
      )}
      {isUndoing && (
        <UndoDialog taskId={task.id} onClose={() => setUndoing(false)} onDone={onUndone} />
      )}
      {ref && (
        <Link
          className="btn"
          to="/create/templates/$namespace/$name"
          params={{ namespace, name }}
          search={{ task: task.id }}
        >
          Start again
        </Link>
      )}
    </>
  );
}
