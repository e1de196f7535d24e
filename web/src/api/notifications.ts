/** What the portal tells the user. */

import { request } from './client';

export const SEVERITIES = ['critical', 'high', 'normal', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Notification {
  id: string;
  /** Absent for what is told to everybody. */
  user?: string | null;
  /** Who sent it. */
  origin: string;
  /** As a date; everything after it in milliseconds. */
  created: string;
  updated?: number | null;
  read?: number | null;
  saved?: number | null;
  payload: {
    title: string;
    description?: string | null;
    link?: string | null;
    severity?: Severity;
    topic?: string | null;
  };
}

export interface NotificationPage {
  totalCount: number;
  notifications: Notification[];
}

/** Marks to set or to take off; what is absent stays. */
export interface Marks {
  read?: boolean;
  saved?: boolean;
}

export interface Topic {
  id: string;
  enabled: boolean;
}
export interface Origin extends Topic {
  topics?: Topic[];
}
export interface Channel {
  id: string;
  origins: Origin[];
}

const BASE = '/api/notifications';
/** The most of one request. */
export const MAX_IDS = 1000;
/** The most that are marked together. */
const MAX_ALL = 100_000;

const list = (query: [string, string][], signal?: AbortSignal) =>
  request<NotificationPage>(`${BASE}/notifications?${new URLSearchParams(query)}`, { signal });

async function mark(ids: readonly string[], marks: Marks): Promise<void> {
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    const body = { ids: ids.slice(at, at + MAX_IDS), ...marks };
    await request(`${BASE}/notifications/update`, { method: 'POST', body });
  }
}

export const notifications = {
  list,
  mark,
  counts: (signal?: AbortSignal) =>
    request<{ unread: number; read: number }>(`${BASE}/status`, { signal }),

  topics: (signal?: AbortSignal) =>
    request<{ topics: string[] }>(`${BASE}/topics`, { signal }).then(answer => answer.topics),

  /** Marks all unread ones of a query as read, and gives their ids. */
  async readAll(query: [string, string][]): Promise<string[]> {
    const unread: [string, string][] = [...query, ['read', 'false'], ['limit', String(MAX_IDS)]];
    const all: string[] = [];
    for (;;) {
      const { notifications: found } = await list(unread);
      const ids = found.map(({ id }) => id);
      await mark(ids, { read: true });
      all.push(...ids);
      // Those that stay unread, whatever is done, must not be marked for ever.
      if (ids.length < MAX_IDS || all.length > MAX_ALL) return all;
    }
  },

  settings: (signal?: AbortSignal) =>
    request<{ channels: Channel[] }>(`${BASE}/settings`, { signal }),

  saveSettings: (channels: Channel[]) =>
    request<{ channels: Channel[] }>(`${BASE}/settings`, { method: 'POST', body: { channels } }),
};
