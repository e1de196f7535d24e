/** How the portal is doing: this process, as its own metrics tell it. */

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { admin } from '../../api/admin';
import { MAY, useMay } from '../../session/may';
import { Card } from '../../ui/Page';
import { formatCount, formatSpan, SkeletonRows } from '../../ui/Small';
import { Denied, Empty, ErrorState } from '../../ui/States';
import { type Metrics, parseMetrics, quantileOf, type Sample, sumOf } from './metrics';

const EVERY_MS = 5000;
/** Five minutes are kept for the curves. */
const MAX_KEPT = 60;
const REQUESTS = 'callboard_http_request_duration_seconds';

interface Look {
  at: number;
  metrics: Metrics;
}

/** Metrics are open to who scrapes them; what they say of the portal is for who runs it. */
export function Health() {
  const may = useMay(MAY.readConfig);
  return may === false ? <Denied needs={MAY.readConfig} /> : <Now />;
}

function Now() {
  const looks = useLooks();
  const { data, error, isPending, refetch } = looks;
  if (isPending) {
    return (
      <div className="card">
        <SkeletonRows n={6} />
      </div>
    );
  }
  if (error && data.length === 0) return <ErrorState error={error} onRetry={refetch} />;
  const now = data.at(-1);
  if (!now) return null;
  return (
    <div className="column">
      {error && <ErrorState error={error} onRetry={refetch} />}
      <Overview looks={data} />
      <AllMetrics metrics={now.metrics} />
    </div>
  );
}

function useLooks() {
  const [kept, setKept] = useState<Look[]>([]);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['metrics'],
    queryFn: async ({ signal }): Promise<Look> => ({
      metrics: parseMetrics(await admin.metrics(signal)),
      at: Date.now(),
    }),
    refetchInterval: EVERY_MS,
    structuralSharing: false,
  });
  if (data && data.at !== kept.at(-1)?.at) setKept([...kept, data].slice(-MAX_KEPT));
  return { data: kept, error, isPending, refetch: () => void refetch() };
}

interface Stat {
  label: string;
  value: string;
  note?: string;
  curve?: number[];
}

function Overview({ looks }: { looks: Look[] }) {
  return (
    <dl className="stats" aria-label="Now">
      {statsOf(looks).map(stat => (
        <div key={stat.label}>
          <dt>{stat.label}</dt>
          <dd>
            {stat.value} {stat.note && <small>{stat.note}</small>}
          </dd>
          {stat.curve && stat.curve.length > 1 && <Spark values={stat.curve} />}
        </div>
      ))}
    </dl>
  );
}

/** Scrapes of this page are no requests of anybody. */
const isAsked = (labels: Record<string, string>) => labels.route !== '/metrics';
const isFailed = (labels: Record<string, string>) => labels.status === '5xx';

function statsOf(looks: Look[]): Stat[] {
  const now = looks.at(-1);
  const first = looks[0];
  if (!now || !first) return [];
  const { metrics } = now;
  const of = (name: string) => sumOf(metrics, name);
  const count = (name: string) => formatCount(of(name) ?? 0);
  const build = metrics.samples.find(sample => sample.name === 'callboard_build_info');
  const rates = ratesOf(looks);
  const failed = sumOf(metrics, `${REQUESTS}_count`, isFailed) ?? 0;
  const p95 = quantileOf(metrics, REQUESTS, 0.95);
  const memory = (look: Look) => sumOf(look.metrics, 'process_resident_memory_bytes') ?? 0;
  return [
    {
      label: 'Up for',
      value: formatSpan((of('process_uptime_seconds') ?? 0) * 1000),
      note: `version ${build?.labels.version} (${build?.labels.commit?.slice(0, 8)})`,
    },
    {
      label: 'Requests per second',
      value: (rates.at(-1) ?? 0).toFixed(1),
      note: `${count('callboard_http_requests_in_flight')} in flight`,
      curve: rates,
    },
    {
      label: '95 % answered within',
      value: p95 === undefined ? '–' : `${(p95 * 1000).toFixed(p95 < 0.01 ? 1 : 0)} ms`,
      note: 'since the start',
    },
    { label: 'Answers with 5xx', value: formatCount(failed), note: 'since the start' },
    {
      label: 'Memory',
      value: `${Math.round(memory(now) / 2 ** 20)} MiB`,
      note: `${count('process_open_fds')} files open`,
      curve: looks.map(memory),
    },
    {
      label: 'Waiting to be stitched',
      value: count('catalog_stitching_queue_length'),
      note: `${count('catalog_relations_count')} relations`,
    },
    {
      label: 'Deletions held',
      value: count('callboard_catalog_held_mutations'),
      note: `${count('catalog_registered_locations_count')} registered locations`,
    },
    {
      label: 'Audit records lost',
      value: count('callboard_audit_lost_total'),
      note: 'since the start',
    },
  ];
}

function ratesOf(looks: Look[]): number[] {
  const totals = looks.map(({ at, metrics }) => ({
    at,
    n: sumOf(metrics, `${REQUESTS}_count`, isAsked) ?? 0,
  }));
  return totals.slice(1).map(({ at, n }, index) => {
    const before = totals[index];
    return before ? (1000 * (n - before.n)) / Math.max(at - before.at, 1) : 0;
  });
}

const WIDTH = 160;
const HEIGHT = 28;

function Spark({ values }: { values: number[] }) {
  const top = Math.max(...values, Number.EPSILON);
  const points = values.map((value, at) => {
    const x = (at / (values.length - 1)) * WIDTH;
    return `${x.toFixed(1)},${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`;
  });
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden
    >
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

/** More is for a tool that keeps metrics. */
const MAX_ROWS = 300;

function AllMetrics({ metrics }: { metrics: Metrics }) {
  const [text, setText] = useState('');
  const isShown = ({ name, labels }: Sample) =>
    !name.endsWith('_bucket') &&
    `${name} ${Object.values(labels).join(' ')}`.toLowerCase().includes(text.toLowerCase());
  const found = metrics.samples.filter(isShown);
  return (
    <Card
      title="All metrics"
      count={found.length}
      flush
      actions={
        <input
          className="input"
          style={{ width: 220, minHeight: 28 }}
          aria-label="Filter the metrics"
          placeholder="Filter"
          value={text}
          onChange={event => setText(event.target.value)}
        />
      }
    >
      {found.length === 0 && <Empty title={`Nothing is called “${text}”`} />}
      {found.length > 0 && (
        <div className="table-wrap">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Metric</th>
                <th scope="col">Of</th>
                <th scope="col" className="num">
                  Value
                </th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, MAX_ROWS).map(sample => (
                <SampleRow key={keyOf(sample)} sample={sample} help={metrics.help} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > MAX_ROWS && (
        <div className="card-body muted">
          The first {MAX_ROWS} of {formatCount(found.length)}; <code>/metrics</code> has them all.
        </div>
      )}
    </Card>
  );
}

const keyOf = ({ name, labels }: Sample) => `${name} ${JSON.stringify(labels)}`;

function SampleRow({ sample, help }: { sample: Sample; help: Map<string, string> }) {
  const { name, labels, value } = sample;
  const told = help.get(name) ?? help.get(name.replace(/_(count|sum)$/, ''));
  return (
    <tr>
      <td className="wrap">
        <code title={told}>{name}</code>
      </td>
      <td className="wrap muted">
        {Object.entries(labels)
          .filter(([, text]) => text !== '')
          .map(([key, text]) => `${key}=${text}`)
          .join(' ')}
      </td>
      <td className="num">{formatValue(value)}</td>
    </tr>
  );
}

function formatValue(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : value.toPrecision(4);
}
