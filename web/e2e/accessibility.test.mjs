// Every page in both themes and three widths: no serious or critical fault, no error, no scroll sideways.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { becomes, count, launch, openPage, visit } from './browser.mjs';
import { PAGES } from './pages.mjs';
import { startPortal, WITH_ACCESS } from './portal.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SEVERE = ['serious', 'critical'];
let portal;
let browser;

before(async () => {
  [portal, browser] = await Promise.all([startPortal(WITH_ACCESS), launch()]);
  for (const severity of ['critical', 'high', 'normal', 'low']) {
    const link = severity === 'high' ? '/catalog' : undefined;
    await portal.tell({ title: `A ${severity} one`, description: 'In words.', severity, link });
  }
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

for (const [theme, width] of [
  ['light', 1280],
  ['dark', 1280],
  ['light', 360],
  ['dark', 360],
  ['light', 2560],
  ['dark', 2560],
]) {
  test(`pages in ${theme} at ${width}`, async t => {
    const { page, faults, close } = await openPage(browser, {
      theme,
      width,
      allow: ['reservation-servise', '/sessions/gone', '/role/default/nobody'],
    });
    for (const [name, path] of PAGES) {
      await t.test(name, async () => {
        await visit(page, portal.url + path);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() =>
          globalThis.axe.run(document, { resultTypes: ['violations'] }),
        );
        const severe = violations.filter(it => SEVERE.includes(it.impact));
        const text = severe.map(
          it =>
            `${it.id}: ${it.nodes
              .map(node => node.html)
              .slice(0, 3)
              .join('\n')}`,
        );
        assert.deepEqual(text, []);
        const overflow = () =>
          page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
        await becomes(overflow, 0);
        await count(page.locator('h1'), 1);
        assert.deepEqual(faults.splice(0), []);
      });
    }
    await close();
  });
}
