// Graphs of any size and of any kind of entity.
import assert from 'node:assert/strict';
import { becomes, count, rest } from './browser.mjs';
import { suite } from './suite.mjs';

const { flow, go } = suite();

/** A catalog in which each entity depends on three others, without an end and with circles. */
const SIZE = 2000;
const name = at => `component:default/n${at % SIZE}`;
function entityOf(ref) {
  const at = Number(ref.slice(name(0).length - 1));
  const next = [2 * at + 1, 2 * at + 2, 7 * at + 3].map(name);
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name: `n${at}`, namespace: 'default' },
    spec: { type: 'service' },
    relations: next.map(targetRef => ({ type: 'dependsOn', targetRef })),
  };
}

flow('2,000 entities with some 6,000 edges are drawn', async page => {
  await page.route('**/entities/by-refs', (route, request) =>
    route.fulfill({ json: { items: request.postDataJSON().entityRefs.map(entityOf) } }),
  );
  await go(page, `/catalog-graph?root=${name(0)}&depth=6`);
  await page.getByText(/^[\d,]+ entities, [\d,]+ edges/).waitFor();
  await page.locator('.react-flow__node', { hasText: 'n0' }).first().waitFor();
  const [, nodes, edges] = /([\d,]+) entities, ([\d,]+) edges/.exec(
    await page.getByRole('status').filter({ hasText: 'entities' }).textContent(),
  );
  assert.ok(Number(nodes.replace(',', '')) >= 300, nodes);
  assert.ok(Number(edges.replace(',', '')) >= 600, edges);
});

flow('where a graph begins is in sight, whatever its size', async page => {
  const isInSight = () =>
    page.evaluate(() => {
      const host = document.querySelector('.react-flow')?.getBoundingClientRect();
      const root = document.querySelector('.graph-node[data-root]')?.getBoundingClientRect();
      return (
        host !== undefined &&
        root !== undefined &&
        root.left >= host.left &&
        root.right <= host.right &&
        root.top >= host.top &&
        root.bottom <= host.bottom
      );
    });
  for (const [ref, depth] of [
    ['domain:default/ticketing', 3],
    ['component:default/checkout-service', 2],
    ['group:default/box-office', 3],
    ['component:default/reservation-service', 4],
    ['api:default/reservations-api', 2],
  ]) {
    await go(page, `/catalog-graph?root=${ref}&depth=${depth}`);
    await page.locator('.react-flow__viewport').waitFor();
    await becomes(isInSight, true);
  }
  await page.getByLabel('Steps').selectOption('1');
  await page.waitForURL(/depth=1|^(?!.*depth=)/);
  await becomes(isInSight, true);
  await page.getByRole('button', { name: 'Zoom In' }).click();
  await page.getByRole('button', { name: 'Zoom In' }).click();
  await page.getByRole('button', { name: 'Fit View' }).click();
  await becomes(isInSight, true);
});

flow('the list stands in the address', async page => {
  await go(page, '/catalog-graph?root=component:default/reservation-service');
  await page.getByRole('button', { name: 'List' }).click();
  await page.waitForURL(/view=list/);
  const link = page.locator('tbody tr a').first();
  await link.click();
  await page.waitForURL(/\/catalog\/default/);
  await page.goBack();
  await link.waitFor();
  await page.reload();
  await rest(page);
  await link.waitFor();
  await page.getByRole('button', { name: 'Drawing' }).click();
  await page.locator('.react-flow__node').first().waitFor();
});

flow('a team has those around it without a choice of relations', async page => {
  await go(page, '/catalog-graph?root=group:default/box-office');
  await page.getByText(/^[2-9]\d* entities, [1-9]\d* edges/).waitFor();
  await count(page.getByText('Not followed'), 0);
  await go(page, '/catalog-graph?root=component:default/reservation-service');
  await page.getByText('Not followed: ').waitFor();
  await becomes(() => page.locator('.graph-node[data-root]').count(), 1);
});
