// Who may see nothing is told so, and by which permission; and a file that is not taken says all of why.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { becomes, count, flowsIn, launch, visit } from './browser.mjs';
import { startPortal, WITH_ACCESS } from './portal.mjs';

let portal;
/** Somebody without any role comes here. */
let closed;
let browser;

const stranger = {
  userEntityRef: 'user:default/stranger',
  dangerouslyAllowOutsideDevelopment: true,
};

before(async () => {
  const { admin: _, ...rbac } = WITH_ACCESS.permission.rbac;
  const permission = { enabled: true, rbac };
  const auth = { providers: { guest: stranger } };
  [portal, closed, browser] = await Promise.all([
    startPortal(),
    startPortal({ permission, auth }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  await closed?.stop();
});

const flow = flowsIn(() => browser);
const go = (page, path, at = portal) => visit(page, at.url + path);

for (const path of [
  '/',
  '/catalog',
  '/org',
  '/create',
  '/catalog-graph',
  '/catalog-graph?root=component:default/reservation-service',
]) {
  // Pages ask for entities that this user may not see.
  flow(
    `${path} says that nothing may be seen`,
    async page => {
      await go(page, path, closed);
      const told = page.getByRole('alert').filter({ hasText: 'catalog.entity.read' });
      await told.first().waitFor();
      await count(page.getByText(/Nothing fits|No groups yet|There are no templates/), 0);
      await count(page.locator('main').getByRole('link', { name: /^Register/ }), 0);
    },
    { allow: ['/api/'] },
  );
}

flow('an empty list is empty for who may see everything', async page => {
  await go(page, '/catalog?q=kind:nothing');
  await page.getByText('Nothing fits this filter').waitFor();
});

flow(
  'the health of the portal is for who runs it',
  async page => {
    await go(page, '/admin/health', closed);
    await page.getByRole('alert').filter({ hasText: 'callboard.config.read' }).waitFor();
    await count(page.getByText('Up for'), 0);
  },
  { allow: ['/api/'] },
);

/** Asks for a preview of a file, which the portal answers as given. */
async function preview(page, answer) {
  await page.route('**/api/catalog/locations?*', route => route.fulfill(answer));
  await go(page, '/catalog-import');
  await page.getByLabel('URL of the file').fill('https://git.example/all.yaml');
  await page.getByRole('button', { name: 'Preview' }).click();
}

flow(
  'a file that is not taken has each faulty entity with its line and a way out',
  async page => {
    const item = (name, line) => ({
      entityRef: `component:default/${name}`,
      hasLastGood: false,
      problems: [
        {
          severity: 'error',
          code: 'entity.field-format',
          message: `“${name}” is wrong`,
          file: 'https://git.example/all.yaml',
          position: { line, column: 3 },
          hint: 'use letters',
        },
      ],
    });
    const problems = [item('one', 4), item('two', 14)];
    const error = { name: 'InputError', message: 'wrong', problems };
    await preview(page, { status: 400, json: { error } });
    for (const line of [4, 14])
      await page.getByText(`https://git.example/all.yaml:${line}:3`).waitFor();
    await count(page.getByText('use letters'), 2);
    await count(page.getByText('component:default/two', { exact: true }), 1);
  },
  { allow: ['/locations'] },
);

flow('of a file with thousands of entities only those in view are in the page', async page => {
  const entities = Array.from({ length: 3000 }, (_, at) => ({
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name: `thing-${at}`, namespace: 'default' },
    spec: {},
  }));
  await preview(page, { status: 201, json: { exists: false, entities } });
  await page.getByText('component:default/thing-0', { exact: true }).waitFor();
  assert.ok((await page.locator('main li').count()) < 200);
  const last = page.getByText('component:default/thing-2999', { exact: true });
  await becomes(async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    return last.count();
  }, 1);
});
