/** Where entities come from, and when they are asked for. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { admin, type Provider } from '../api/admin';
import { deniedTitle, MAY, useMay } from '../session/may';
import { Button } from '../ui/Button';
import { Card } from '../ui/Page';
import { formatCount, formatSpan, Notice, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { Table } from '../ui/Table';

export function Providers() {
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['providers'],
    queryFn: admin.providers,
  });
  return (
    <Card title="Providers" count={data?.length} flush>
      {isPending && <SkeletonRows />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.length === 0 && <Empty title="None">The configuration names no source.</Empty>}
      {data && data.length > 0 && (
        <Table
          heads={[
            'Provider',
            { title: 'Entities of its own', isNumber: true },
            'Runs',
            'Ends after',
            { title: 'Actions', isHidden: true },
          ]}
        >
          {data.map(provider => (
            <ProviderRow key={provider.name} provider={provider} />
          ))}
        </Table>
      )}
    </Card>
  );
}

/** What is known of the providers that every portal has. */
const KNOWN: Record<string, string> = {
  ConfigLocationProvider: 'Locations of the configuration',
  DefaultLocationStore: 'Locations that people registered',
};

function ProviderRow({ provider }: { provider: Provider }) {
  const { name, entities, every, timeout, canRun } = provider;
  const may = useMay(MAY.manageIngestion);
  const run = useMutation({ mutationFn: () => admin.runProvider(name) });
  return (
    <tr>
      <td>
        <strong>{KNOWN[name] ?? name}</strong>
        {KNOWN[name] && <div className="muted mono">{name}</div>}
        {run.error && <Notice tone="error">{run.error.message}</Notice>}
      </td>
      <td className="num">{formatCount(entities)}</td>
      <td>{runsText(every, canRun)}</td>
      <td>{timeout === null ? '' : formatSpan(timeout)}</td>
      <td className="num">
        {canRun && (
          <Button
            size="small"
            disabled={may === false || run.isPending}
            title={deniedTitle(may, MAY.manageIngestion)}
            onClick={() => run.mutate()}
          >
            <Play aria-hidden /> {run.isSuccess ? 'Started' : 'Run now'}
          </Button>
        )}
      </td>
    </tr>
  );
}

function runsText(every: number | null, canRun: boolean): string {
  if (every !== null) return `every ${formatSpan(every)}`;
  return canRun ? 'at start, and when asked' : 'when somebody registers a location';
}
