import { expect, test } from 'vitest';
import { seen } from './seen';

test('changes of entities are kept, the latest first, and not without end', () => {
  let told = 0;
  const stop = seen.subscribe(() => {
    told += 1;
  });
  seen.add({ kind: 'ready' });
  expect(told).toBe(0);
  seen.add({ kind: 'entities', changed: ['component:default/a'], removed: [] }, 1);
  seen.add({ kind: 'entities', changed: [], removed: ['component:default/a'] }, 2);
  expect(seen.get()).toEqual([
    { at: 2, ref: 'component:default/a', isRemoved: true },
    { at: 1, ref: 'component:default/a', isRemoved: false },
  ]);
  const changed = Array.from({ length: 3000 }, (_, at) => `component:default/${at}`);
  seen.add({ kind: 'entities', changed, removed: [] }, 3);
  expect(seen.get()).toHaveLength(2000);
  expect(told).toBe(3);
  stop();
});
