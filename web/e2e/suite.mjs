// What the browser tests of a file share.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { becomes, flowsIn, launch, visit } from './browser.mjs';
import { startPortal } from './portal.mjs';

/**
 * A portal and a browser for all tests of a file. `begin` gives the configuration, and may first make
 * what it is about; `ready` gets the portal before the first test, `end` removes what was made. `env` is known
 * when `begin` is done.
 */
export function suite({ begin, env, ready, end } = {}) {
  // Filled in before the first test.
  const portal = {};
  let browser;
  before(async () => {
    const settings = await begin?.();
    const start = startPortal(settings, env?.()).then(it => Object.assign(portal, it));
    [browser] = await Promise.all([launch(), start]);
    await ready?.(portal);
  });
  after(async () => {
    await browser?.close();
    await portal.stop?.();
    end?.();
  });
  return {
    portal,
    browser: () => browser,
    /** Tests on fresh pages. */
    flow: flowsIn(() => browser),
    /** Goes to a page of the portal. */
    go: (page, path) => visit(page, portal.url + path),
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SEVERE = ['serious', 'critical'];

/** Fails if a page, as it is now, keeps somebody out, or has to be scrolled sideways. */
export async function fitsAll(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  const severe = violations.filter(it => SEVERE.includes(it.impact));
  const examples = ({ nodes }) => nodes.map(node => node.html).slice(0, 3);
  assert.deepEqual(
    severe.map(it => `${it.id}: ${examples(it).join('\n')}`),
    [],
  );
  const overflow = () =>
    page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
  await becomes(overflow, 0);
}

/** The same in both themes, narrow and wide. */
export async function fitsEverywhere(page) {
  for (const colorScheme of ['dark', 'light']) {
    for (const width of [360, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await fitsAll(page);
    }
  }
}
