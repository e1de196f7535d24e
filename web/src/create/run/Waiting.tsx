/** A run that waits for approval: what it would do, and the button that lets it. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { scaffolder, type Task } from '../../api/scaffolder';
import { deniedTitle, MAY, useMay } from '../../session/may';
import { Button } from '../../ui/Button';
import { Notice, SkeletonRows } from '../../ui/Small';
import { ErrorState } from '../../ui/States';
import { PlanView } from '../plan/PlanView';

export function Waiting({ task }: { task: Task }) {
  const client = useQueryClient();
  const mayManage = useMay(MAY.manageTemplates);
  const plan = useQuery({
    queryKey: ['task-plan', task.id],
    queryFn: () => scaffolder.planOf(task.id),
    retry: false,
    refetchOnWindowFocus: false,
  });
  const approve = useMutation({
    mutationFn: () => scaffolder.approve(task.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['task', task.id] }),
  });
  const needsOther = task.waitsForApproval === 'others';
  return (
    <>
      <Notice tone="info">
        {needsOther
          ? 'Nothing has happened yet: somebody else has to approve of this run.'
          : 'Nothing has happened yet: this run waits for approval.'}
      </Notice>
      {approve.error && <Notice tone="error">{approve.error.message || 'Not allowed'}</Notice>}
      <div className="page-actions">
        <Button
          variant="primary"
          disabled={approve.isPending || (needsOther && mayManage === false)}
          title={needsOther ? deniedTitle(mayManage, MAY.manageTemplates) : undefined}
          onClick={() => approve.mutate()}
        >
          Approve
        </Button>
      </div>
      {plan.isPending && <SkeletonRows n={4} />}
      {plan.error && <ErrorState error={plan.error} onRetry={() => plan.refetch()} />}
      {plan.data && <PlanView planned={plan.data} />}
    </>
  );
}
