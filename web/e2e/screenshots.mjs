// Makes docs/screenshots anew: the ten main pages, light and dark.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, openPage, visit } from './browser.mjs';
import { compact } from './png.mjs';
import { root, startPortal, WITH_ACCESS } from './portal.mjs';

const SHOTS = [
  ['home', '/'],
  ['catalog', '/catalog'],
  ['component', '/catalog/default/component/reservation-service'],
  ['definition', '/catalog/default/api/reservations-api/definition'],
  ['graph', '/catalog-graph?root=system:default/reservations'],
  ['org', '/org'],
  ['register', '/catalog-import'],
  ['settings', '/settings'],
  ['create', '/create'],
  [
    'explain',
    '/admin/explain?user=user:default/guest&permission=catalog.entity.delete&on=component:default/reservation-service',
  ],
];
const folder = join(root, 'docs/screenshots');
// Pages that are no longer among them have no picture.
rmSync(folder, { recursive: true, force: true });
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
      const picture = await page.screenshot({ animations: 'disabled', caret: 'hide' });
      writeFileSync(join(folder, `${name}-${theme}.png`), compact(picture));
    }
    await close();
  }
} finally {
  await browser.close();
  await portal.stop();
}
