/** Marking notifications, and taking it back. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { type Marks, type Notification, notifications } from '../api/notifications';
import { formatCount } from '../ui/Small';
import { NOTIFICATIONS } from './queries';

/** What was done last, so that it can be undone. */
interface Done {
  ids: string[];
  marks: Marks;
}

const isMarked = (it: Notification, name: keyof Marks) => typeof it[name] === 'number';

/** Those of some notifications that marks would change. */
function changedBy(items: readonly Notification[], marks: Marks): string[] {
  const names = Object.keys(marks) as (keyof Marks)[];
  return items
    .filter(it => names.some(name => isMarked(it, name) !== marks[name]))
    .map(({ id }) => id);
}

function opposite({ read, saved }: Marks): Marks {
  return {
    ...(read === undefined ? {} : { read: !read }),
    ...(saved === undefined ? {} : { saved: !saved }),
  };
}

/** In words, what was done. */
export function told({ ids, marks }: Done): string {
  const verbs = [
    marks.read !== undefined && `marked as ${marks.read ? 'read' : 'unread'}`,
    marks.saved !== undefined && (marks.saved ? 'saved' : 'no longer saved'),
  ];
  return `${formatCount(ids.length)} ${verbs.filter(Boolean).join(' and ')}`;
}

export function useMark() {
  const client = useQueryClient();
  const [done, setDone] = useState<Done>();
  const change = useMutation({
    mutationFn: async (act: () => Promise<Done | undefined>) => act(),
    onSuccess: setDone,
    // Some may have been marked before it failed.
    onSettled: () => client.invalidateQueries({ queryKey: NOTIFICATIONS }),
  });
  const mark = (items: readonly Notification[], marks: Marks) => {
    const ids = changedBy(items, marks);
    if (ids.length === 0) return;
    change.mutate(() => notifications.mark(ids, marks).then(() => ({ ids, marks })));
  };
  const readAll = (query: [string, string][]) =>
    change.mutate(() => notifications.readAll(query).then(ids => ({ ids, marks: { read: true } })));
  const forget = useCallback(() => setDone(undefined), []);
  const undo = () => {
    if (!done) return;
    change.mutate(() => notifications.mark(done.ids, opposite(done.marks)).then(() => undefined));
  };
  return {
    mark,
    readAll,
    undo,
    done,
    error: change.error,
    isPending: change.isPending,
    forget,
  };
}

export type Marking = ReturnType<typeof useMark>;
