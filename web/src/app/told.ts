/** What could not be done in the background, told to the user until they have read it. */

let text: string | undefined;
const listeners = new Set<() => void>();

export const told = {
  get: (): string | undefined => text,
  set(now: string | undefined): void {
    text = now;
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
