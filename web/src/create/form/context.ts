/** What fields know of their form beside their own value. */

import { useCallback, useMemo, useState } from 'react';

/** Values that are sent as secrets, shown to nobody and kept nowhere. */
export interface Secrets {
  all: Record<string, string>;
  /** The hosts of those that are tokens: no other host may see them. */
  hosts: Record<string, string>;
  /** Keeps a secret, or forgets it. */
  set: (name: string, value: string | undefined, host?: string) => void;
}

export interface FormContext {
  secrets: Secrets;
  /** The repository that the form is about, as far as it is known. */
  repoUrl?: string;
}

type Kept = Pick<Secrets, 'all' | 'hosts'>;

const NONE: Kept = { all: {}, hosts: {} };

export function useSecrets(): Secrets {
  const [kept, setKept] = useState(NONE);
  const set = useCallback<Secrets['set']>((name, value, host) => {
    setKept(({ all, hosts }) => ({
      all: having(all, name, value),
      hosts: having(hosts, name, host),
    }));
  }, []);
  return useMemo(() => ({ ...kept, set }), [kept, set]);
}

function having(map: Record<string, string>, name: string, value: string | undefined) {
  const { [name]: _, ...rest } = map;
  return value ? { ...rest, [name]: value } : rest;
}

/** A value as fields for repositories write it. */
const REPOSITORY = /^[^\s?]+\?(.*&)?repo=/;

/** The repository of a form: most call it `repoUrl`. */
export function repoUrlOf(values: Record<string, unknown>): string | undefined {
  const candidates = [values.repoUrl, ...Object.values(values)];
  return candidates.find(
    (value): value is string => typeof value === 'string' && REPOSITORY.test(value),
  );
}
