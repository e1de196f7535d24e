import { expect, test } from 'vitest';
import { parseMetrics, quantileOf, sumOf } from './metrics';

const TEXT = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 8
http_requests_total{method="GET",path="/a\\"b,c=\\"d",status="500"} 2 1700000000
up 1
took_seconds_bucket{le="0.1"} 5
took_seconds_bucket{le="0.5"} 9
took_seconds_bucket{le="+Inf"} 10
broken line
`;

test('samples are read with their labels', () => {
  const metrics = parseMetrics(TEXT);
  expect(sumOf(metrics, 'http_requests_total')).toBe(10);
  expect(sumOf(metrics, 'http_requests_total', it => it.status === '500')).toBe(2);
  expect(sumOf(metrics, 'missing')).toBeUndefined();
  expect(metrics.help.get('http_requests_total')).toBe('Requests.');
  expect(metrics.samples[1]?.labels.path).toBe('/a\\"b,c=\\"d');
});

test('quantiles are estimated between the bounds of buckets', () => {
  const metrics = parseMetrics(TEXT);
  expect(quantileOf(metrics, 'took_seconds', 0.5)).toBeCloseTo(0.1);
  expect(quantileOf(metrics, 'took_seconds', 0.7)).toBeCloseTo(0.3);
  expect(quantileOf(metrics, 'took_seconds', 1)).toBe(0.5);
  expect(quantileOf(metrics, 'took_seconds', 0.5, metrics)).toBeUndefined();
});
