/** Queries about notifications; all begin with the same word, so that a signal makes all of them old. */

import { queryOptions } from '@tanstack/react-query';
import { notifications } from '../api/notifications';

export const NOTIFICATIONS = ['notifications'];
/** Signals reach the pages that are connected to the same process; what others send is seen by then. */
const AGAIN_MS = 60_000;

export const countsQuery = queryOptions({
  queryKey: [...NOTIFICATIONS, 'counts'],
  queryFn: ({ signal }) => notifications.counts(signal),
  refetchInterval: AGAIN_MS,
});

export const topicsQuery = queryOptions({
  queryKey: [...NOTIFICATIONS, 'topics'],
  queryFn: ({ signal }) => notifications.topics(signal),
});
