// Makes docs/screenshots anew, light and dark.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { visit } from './pages.mjs';
import { launch, openPage, root, startPortal, WITH_ACCESS } from './portal.mjs';

const SHOTS = [
  ['home', '/'],
  ['catalog', '/catalog'],
  ['component', '/catalog/default/component/reservation-service'],
  ['definition', '/catalog/default/api/reservations-api/definition'],
  ['group', '/catalog/default/group/box-office'],
  ['graph', '/catalog-graph?root=system:default/reservations'],
  ['apis', '/api-docs'],
  ['org', '/org'],
  ['register', '/catalog-import'],
  ['settings', '/settings'],
  ['create', '/create'],
  ['roles', '/admin/roles/default/developer'],
  [
    'explain',
    '/admin/explain?user=user:default/guest&permission=catalog.entity.delete&on=component:default/reservation-service',
  ],
  ['audit', '/admin/audit'],
];
const folder = join(root, 'docs/screenshots');
mkdirSync(folder, { recursive: true });

/** Pictures do not tell where a machine keeps the repository. */
function hidePaths(page) {
  return page.evaluate(prefix => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(prefix, '');
  }, root);
}

const portal = await startPortal(WITH_ACCESS);
const browser = await launch();
try {
  for (const theme of ['light', 'dark']) {
    const { page, close } = await openPage(browser, { theme });
    // What people have after a day.
    await visit(page, `${portal.url}/`);
    await page.evaluate(async () => {
      const refs = [
        'component:default/reservation-service',
        'api:default/shop-graphql',
        'system:default/checkout',
      ];
      const session = await fetch('/api/auth/guest/refresh').then(answer => answer.json());
      await fetch('/api/user-settings/buckets/default.starredEntities/keys/entityRefs', {
        method: 'PUT',
        headers: {
          Authorization: `Bearer ${session.backstageIdentity.token}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ value: refs }),
      });
      localStorage.setItem('callboard.recent', JSON.stringify([...refs].reverse()));
    });
    for (const [name, path] of SHOTS) {
      await visit(page, portal.url + path);
      await hidePaths(page);
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    }
    await close();
  }
} finally {
  await browser.close();
  await portal.stop();
}
