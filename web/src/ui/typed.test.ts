import { expect, test } from 'vitest';
import { afterArrival } from './typed';

test.each([
  // [sent, arrives, left]
  [['own', 'owner'], 'own', ['owner']],
  [['own', 'owner'], 'owner', []],
  [['own', 'owner'], 'type:library', undefined],
  [[], 'own', undefined],
])('of %j, %s arrives', (sent, value, left) => {
  expect(afterArrival(sent, value)).toEqual(left);
});
