/** What the portal says to the pages of one user, over a web socket. A broken one is made anew. */

import { portalUrl } from '../api/client';
import { pause } from '../api/sse';
import { session } from '../session/session';
import { connection } from './connection';

const RETRY_MS = [2000, 5000, 10_000, 30_000];

/** What opens a socket; another one in tests. */
export type OpenSocket = (token: string) => WebSocket;

export interface SignalListener {
  /** Something was said in a channel. */
  onSignal: (channel: string) => void;
  /** From now on everything is heard; what was said before may be missed. */
  onOpen: () => void;
}

/** The channel of a message of the portal. */
export function channelOf(text: unknown): string | undefined {
  try {
    const { channel } = JSON.parse(String(text)) as { channel?: unknown };
    return typeof channel === 'string' ? channel : undefined;
  } catch {
    return undefined;
  }
}

function open(token: string): WebSocket {
  const url = new URL(portalUrl('/api/signals'), location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  // Pages can set no other header of a web socket.
  return new WebSocket(url, token);
}

/** Hears channels until `signal` says stop. */
export async function hearSignals(
  channels: readonly string[],
  listener: SignalListener,
  signal: AbortSignal,
  openSocket: OpenSocket = open,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const token = await session.token().catch(() => undefined);
    if (signal.aborted) return;
    if (token) {
      const wasOpen = await converse(openSocket(token), channels, listener, signal);
      failures = wasOpen ? 0 : failures + 1;
      if (signal.aborted) return;
    }
    // Not all tabs at the same moment after the portal was away.
    const most = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0;
    await pause(most * (0.5 + Math.random() / 2), signal);
    await answering(signal);
  }
}

/** Waits while the portal does not answer at all. */
function answering(signal: AbortSignal): Promise<void> {
  if (connection.get() || signal.aborted) return Promise.resolve();
  return new Promise(resolve => {
    const end = () => {
      if (!connection.get() && !signal.aborted) return;
      stop();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const stop = connection.subscribe(end);
    signal.addEventListener('abort', end);
  });
}

/** One socket from its beginning to its end; whether it was ever open. */
function converse(
  socket: WebSocket,
  channels: readonly string[],
  listener: SignalListener,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise(resolve => {
    let wasOpen = false;
    const close = () => socket.close();
    signal.addEventListener('abort', close);
    socket.onopen = () => {
      wasOpen = true;
      for (const channel of channels) socket.send(JSON.stringify({ action: 'subscribe', channel }));
      listener.onOpen();
    };
    socket.onmessage = ({ data }) => {
      const channel = channelOf(data);
      if (channel) listener.onSignal(channel);
    };
    socket.onclose = () => {
      signal.removeEventListener('abort', close);
      resolve(wasOpen);
    };
  });
}
