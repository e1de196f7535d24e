/** What can be done on the page that is shown, for the palette: pages register it while they are there. */

import { useEffect, useRef, useSyncExternalStore } from 'react';

export interface Command {
  id: string;
  title: string;
  /** By what else it is found. */
  words?: string;
  run: () => void;
}

export interface CommandGroup {
  /** What they are about. */
  title: string;
  commands: readonly Command[];
}

let groups: readonly CommandGroup[] = [];
const listeners = new Set<() => void>();

function change(next: readonly CommandGroup[]): void {
  groups = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Registers commands while the component is there. */
export function useCommands(title: string, commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  const signature = [title, ...commands.map(it => `${it.id}\t${it.title}`)].join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: commands are the same while their titles are
  useEffect(() => {
    const group = {
      title,
      commands: latest.current.map((command, at) => ({
        ...command,
        run: () => latest.current[at]?.run(),
      })),
    };
    change([...groups, group]);
    return () => change(groups.filter(other => other !== group));
  }, [signature]);
}

/** The commands of the page, what was registered last first. */
export function useCommandGroups(): readonly CommandGroup[] {
  return useSyncExternalStore(subscribe, () => groups).toReversed();
}
