/** What the user wants to hear of, by who says it and what it is about. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type Channel, notifications, type Origin } from '../api/notifications';
import { Card } from '../ui/Page';
import { Notice, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';

const KEY = ['notifications', 'settings'];

export function NotificationsCard() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => notifications.settings(signal),
  });
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: notifications.saveSettings,
    // The box stays where it was put while that is on its way.
    onMutate: channels => client.setQueryData(KEY, { channels }),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
  const channels = data?.channels ?? [];
  const isEmpty = data && channels.every(({ origins }) => origins.length === 0);
  const set = (channel: Channel, origin: Origin) =>
    save.mutate(
      channels.map(it => {
        if (it.id !== channel.id) return it;
        return { ...it, origins: it.origins.map(old => (old.id === origin.id ? origin : old)) };
      }),
    );
  return (
    <Card title="Notifications" flush>
      {isPending && <SkeletonRows n={2} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {save.error && <Notice tone="error">{save.error.message}</Notice>}
      {isEmpty && (
        <Empty title="Nobody has told you anything yet">
          Who does so appears here, and can be silenced. What is told to everybody comes anyway.
        </Empty>
      )}
      {channels.flatMap(channel =>
        channel.origins.map(origin => (
          <OriginRows
            key={`${channel.id} ${origin.id}`}
            origin={origin}
            isOnly={channels.length === 1}
            channel={channel.id}
            onChange={changed => set(channel, changed)}
          />
        )),
      )}
    </Card>
  );
}

interface OriginRowsProps {
  origin: Origin;
  channel: string;
  isOnly: boolean;
  onChange: (origin: Origin) => void;
}

function OriginRows({ origin, channel, isOnly, onChange }: OriginRowsProps) {
  const topics = origin.topics ?? [];
  return (
    <fieldset className="hear">
      <legend className="sr-only">{origin.id}</legend>
      <label>
        <input
          type="checkbox"
          checked={origin.enabled}
          onChange={({ target }) =>
            // Its topics follow it.
            onChange({
              ...origin,
              enabled: target.checked,
              topics: topics.map(it => ({ ...it, enabled: target.checked })),
            })
          }
        />
        <span>
          {origin.id} {!isOnly && <span className="muted">{channel}</span>}
        </span>
      </label>
      {topics.map(topic => (
        <label key={topic.id} className="hear-topic">
          <input
            type="checkbox"
            checked={origin.enabled && topic.enabled}
            disabled={!origin.enabled}
            onChange={({ target }) =>
              onChange({
                ...origin,
                topics: topics.map(it =>
                  it.id === topic.id ? { ...it, enabled: target.checked } : it,
                ),
              })
            }
          />
          {topic.id}
        </label>
      ))}
    </fieldset>
  );
}
