import { useQuery } from '@tanstack/react-query';
import { catalog } from '../api/catalog';
import { EntityLink } from '../ui/EntityLink';
import { Card } from '../ui/Page';
import { SkeletonRows, Time } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { Table } from '../ui/Table';

/** References that two sources claim. */
export function Conflicts() {
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['conflicts'],
    queryFn: catalog.conflicts,
  });
  return (
    <Card title="Conflicts" count={data?.length} flush>
      {isPending && <SkeletonRows />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.length === 0 && <Empty title="None">No two sources claim the same entity.</Empty>}
      {data && data.length > 0 && (
        <Table heads={['Entity', 'Kept from', 'Also claimed by', 'Last seen']}>
          {data.map(conflict => (
            <tr key={`${conflict.entityRef} ${conflict.conflictingLocationKey}`}>
              <td>
                <EntityLink entityRef={conflict.entityRef} />
              </td>
              <td>
                <code>{conflict.existingLocationKey}</code>
              </td>
              <td>
                <code>{conflict.conflictingLocationKey ?? conflict.conflictingSource}</code>
              </td>
              <td>
                <Time at={conflict.lastConflictAt} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}
