/** Secrets of the runs that were started on this page, for trying them again: never kept elsewhere. */

const MAX_RUNS = 20;
const kept = new Map<string, Record<string, string>>();

export function keepSecrets(task: string, secrets: Record<string, string>): void {
  if (Object.keys(secrets).length === 0) return;
  kept.set(task, secrets);
  const [oldest] = kept.keys();
  if (kept.size > MAX_RUNS && oldest !== undefined) kept.delete(oldest);
}

export const secretsOf = (task: string): Record<string, string> => kept.get(task) ?? {};
