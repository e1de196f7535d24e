/** The configuration as the portal understood it, without secrets. */

import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { admin } from '../api/admin';
import { Card } from '../ui/Page';
import { SkeletonRows } from '../ui/Small';
import { ErrorState } from '../ui/States';

const CodeView = lazy(() => import('../ui/CodeView'));

export function Configuration() {
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['config'],
    queryFn: admin.config,
  });
  return (
    <div className="column">
      {isPending && <SkeletonRows n={8} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data && (
        <>
          <Card title="Files" count={data.files.length} flush>
            <ol className="rows">
              {data.files.map(file => (
                <li key={file}>
                  <code>{file}</code>
                </li>
              ))}
            </ol>
            <div className="card-body muted">
              A later file wins. Keys that the portal ignores are told by{' '}
              <code>callboard config check</code>.
            </div>
          </Card>
          <Suspense fallback={<SkeletonRows n={8} />}>
            <CodeView text={data.yaml} language="yaml" label="configuration" />
          </Suspense>
        </>
      )}
    </div>
  );
}
