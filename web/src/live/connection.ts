/** Whether changes reach this tab; what is shown may be old when they do not. */

let isConnected = true;
const listeners = new Set<() => void>();

export const connection = {
  get: (): boolean => isConnected,
  set(now: boolean): void {
    if (now === isConnected) return;
    isConnected = now;
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
