/** Who could not sign in: what came, what was looked for, and what mends it. */

import { useQuery } from '@tanstack/react-query';
import { admin, type FailedSignIn } from '../api/admin';
import { Card } from '../ui/Page';
import { Badge, Notice, SkeletonRows, Time } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';

export function FailedSignIns() {
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['failed-sign-ins'],
    queryFn: admin.failedSignIns,
  });
  return (
    <Card title="Failed sign-ins" count={data?.length} flush>
      {isPending && <SkeletonRows />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.length === 0 && <Empty title="None">Everybody who tried to sign in was let in.</Empty>}
      <ul className="rows">
        {data?.map(failure => (
          <FailureRow key={failure.id} failure={failure} />
        ))}
      </ul>
    </Card>
  );
}

function FailureRow({ failure }: { failure: FailedSignIn }) {
  const { id, provider, environment, claims, steps, fix } = failure;
  return (
    <li>
      <div className="column grow" style={{ gap: 6, padding: '6px 0' }}>
        <div className="page-actions">
          <code>{id}</code>
          <Badge>{environment ? `${provider}, ${environment}` : provider}</Badge>
          <Time at={failure.at} />
        </div>
        <Notice tone="error">
          {steps.map(step => (
            <div key={`${step.resolver} ${step.lookedFor}`}>
              {[step.resolver, step.lookedFor].filter(Boolean).join(': ')} {step.outcome}
            </div>
          ))}
          <div>{fix}</div>
        </Notice>
        <div className="muted">
          {claims.length > 0 ? `Claims that came: ${claims.join(', ')}` : 'No claims came.'}
        </div>
      </div>
    </li>
  );
}
