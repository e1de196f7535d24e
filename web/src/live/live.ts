/** One stream of changes for this tab, and one of signals, while somebody looks at it. */

import type { QueryClient } from '@tanstack/react-query';
import { bootRev } from '../app/boot';
import { connection } from './connection';
import { follow } from './follow';
import { refresher } from './refresh';
import { seen } from './seen';
import { hearSignals } from './signals';

/** What a signal of a channel makes old. */
const MADE_OLD: Record<string, string[]> = {
  notifications: ['notifications'],
  // Set in another tab or browser.
  'user-settings': ['stars'],
};

/** Keeps what the client has up to date until the function it gives is called. */
export function startLive(client: QueryClient): () => void {
  const { apply, stop: stopRefreshing } = refresher(client);
  // Changes since the page was made are news to it; without its data, everything is.
  let last = bootRev === null ? null : String(bootRev);
  let stop: AbortController | undefined;
  const listen = () => {
    // Browsers open few connections to one host: tabs that nobody sees must not take them all.
    if (document.visibilityState === 'hidden') {
      stop?.abort();
      stop = undefined;
      return;
    }
    if (stop) return;
    stop = new AbortController();
    const onChange = (change: Parameters<typeof apply>[0], id: string) => {
      apply(last === null ? { kind: 'reset' } : change);
      seen.add(change);
      last = id;
    };
    void follow(last, { onChange, onState: connection.set }, stop.signal);
    const onSignal = (channel: string) =>
      void client.invalidateQueries({ queryKey: MADE_OLD[channel] });
    const channels = Object.keys(MADE_OLD);
    const onOpen = () => channels.forEach(onSignal);
    void hearSignals(channels, { onSignal, onOpen }, stop.signal);
  };
  document.addEventListener('visibilitychange', listen);
  listen();
  return () => {
    document.removeEventListener('visibilitychange', listen);
    stop?.abort();
    stopRefreshing();
    connection.set(true);
  };
}
