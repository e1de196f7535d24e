/** Metrics as Prometheus reads them. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Metrics {
  samples: Sample[];
  help: Map<string, string>;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): Metrics {
  const samples: Sample[] = [];
  const help = new Map<string, string>();
  for (const line of text.split('\n')) {
    const told = /^# HELP (\S+) (.*)$/.exec(line);
    if (told?.[1]) help.set(told[1], told[2] ?? '');
    if (line === '' || line.startsWith('#')) continue;
    const found = LINE.exec(line);
    if (!found?.[1]) continue;
    const labels = Object.fromEntries(
      [...(found[2] ?? '').matchAll(LABEL)].map(([, key, value]) => [key, value]),
    );
    samples.push({ name: found[1], labels, value: numberOf(found[3] ?? '') });
  }
  return { samples, help };
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** The sum of all samples of a metric that have these labels; `undefined` when there are none. */
export function sumOf(
  { samples }: Metrics,
  name: string,
  where: (labels: Record<string, string>) => boolean = () => true,
): number | undefined {
  const found = samples.filter(sample => sample.name === name && where(sample.labels));
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

/**
 * A quantile of a histogram, as Prometheus estimates it; of what came after `before`, when given.
 */
export function quantileOf(
  now: Metrics,
  name: string,
  q: number,
  before?: Metrics,
): number | undefined {
  const counts = bucketsOf(now, name);
  for (const [bound, n] of before ? bucketsOf(before, name) : []) {
    counts.set(bound, (counts.get(bound) ?? 0) - n);
  }
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  let low = 0;
  let below = 0;
  for (const [bound, n] of buckets) {
    if (n >= q * total) {
      if (!Number.isFinite(bound)) return low;
      return low + ((bound - low) * (q * total - below)) / Math.max(n - below, 1);
    }
    [low, below] = [bound, n];
  }
  return low;
}

function bucketsOf({ samples }: Metrics, name: string): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const sample of samples) {
    if (sample.name !== `${name}_bucket`) continue;
    const bound = numberOf(sample.labels.le ?? '');
    buckets.set(bound, (buckets.get(bound) ?? 0) + sample.value);
  }
  return buckets;
}
