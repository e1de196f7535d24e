/** Programs that act for the user, and the end of it. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type Acting, auth } from '../api/auth';
import { originOf } from '../consent/scopes';
import { Button } from '../ui/Button';
import { Card } from '../ui/Page';
import { Badge, Notice, SkeletonRows, Time } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';

const EXAMPLE = `auth:
  clientIdMetadataDocuments:
    enabled: true
  experimentalRefreshToken:
    enabled: true`;

const KEY = ['acting'];

export function ActingCard() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: KEY,
    queryFn: auth.acting,
  });
  const isOff = data?.isOn === false && data.items.length === 0;
  return (
    <Card title="Programs that act for you" count={data?.items.length} flush>
      {isPending && <SkeletonRows n={2} />}
      {isOff && (
        <Empty title="This portal lets no program act for people" example={EXAMPLE}>
          Who runs the portal can change that:
        </Empty>
      )}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.items.length === 0 && !isOff && (
        <Empty title="None">
          An editor, an agent or the command line appears here after you let it act for you.
        </Empty>
      )}
      <ul className="rows">
        {data?.items.map(item => (
          <ActingRow key={item.id} item={item} />
        ))}
      </ul>
    </Card>
  );
}

function ActingRow({ item }: { item: Acting }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => auth.endActing(item.id),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
  const origin = originOf(item.clientId);
  return (
    <li>
      <div className="grow column" style={{ gap: 2 }}>
        <div className="page-actions">
          <strong>{item.clientName ?? origin.text}</strong>
          {!origin.isVerified && <Badge tone="warn">registered itself</Badge>}
          {item.resource && <Badge>{new URL(item.resource).pathname}</Badge>}
        </div>
        <span className="muted">
          Since <Time at={item.createdAt} />; ends <Time at={item.expiresAt} /> unless it comes
          again
        </span>
        {end.error && <Notice tone="error">{end.error.message}</Notice>}
      </div>
      <Button size="small" variant="danger" disabled={end.isPending} onClick={() => end.mutate()}>
        End
      </Button>
    </li>
  );
}
