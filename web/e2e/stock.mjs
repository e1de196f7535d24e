// Walks a stock Backstage front end that Callboard serves, and tells what went wrong on each page.
//
//   STOCK_DIST=…/packages/app/dist node e2e/stock.mjs
//
// Fails on an uncaught error of a page, and on an answer of 400 or more, except from plugins whose
// features are still to come: these are counted and shown.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { launch, rest, track } from './browser.mjs';
import { startPortal } from './portal.mjs';

const PATIENCE_MS = Number(process.env.STOCK_PATIENCE_MS ?? 120_000);
const TO_COME = /\/api\/(search|techdocs|kubernetes)\//;
const EXTENSIONS = [{ 'page:catalog': { config: { path: '/' } } }];

const dist = process.env.STOCK_DIST;
if (!dist) throw new Error('STOCK_DIST is not set: the dist folder of a built front end');
const pictures = process.env.STOCK_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });

/** What happened on one page since the last look. */
function watch(page) {
  const seen = { errors: [], bad: [], toCome: [], calls: 0, signals: 0 };
  page.on('pageerror', error => seen.errors.push(error.message));
  page.on('websocket', socket => {
    if (!socket.url().includes('/api/signals')) return;
    seen.signals += 1;
    socket.on('socketerror', error => seen.errors.push(`signals: ${error}`));
  });
  page.on('response', answer => {
    const { pathname, search } = new URL(answer.url());
    if (pathname.startsWith('/api/')) seen.calls += 1;
    if (answer.status() < 400) return;
    const line = `${answer.status()} ${answer.request().method()} ${pathname}${search}`;
    (TO_COME.test(pathname) ? seen.toCome : seen.bad).push(line);
  });
  const reset = () => Object.assign(seen, { errors: [], bad: [], toCome: [], calls: 0 });
  return { seen, reset };
}

/** One entity of each kind, as the catalog has them. */
async function oneOfEachKind(url) {
  const signedIn = await fetch(`${url}/api/auth/guest/refresh`).then(answer => answer.json());
  const headers = { Authorization: `Bearer ${signedIn.backstageIdentity.token}` };
  const ask = path =>
    fetch(`${url}/api/catalog/${path}`, { headers }).then(answer => answer.json());
  const { facets } = await ask('entity-facets?facet=kind');
  const entities = await Promise.all(
    facets.kind.map(async ({ value }) => {
      const page = await ask(`entities/by-query?limit=1&filter=kind=${value.toLowerCase()}`);
      return page.items[0];
    }),
  );
  return entities.filter(Boolean);
}

/** What a page of an entity calls it. */
const shownName = ({ metadata, spec }) =>
  spec?.profile?.displayName ?? metadata.title ?? metadata.name;

const pathOf = ({ kind, metadata }) =>
  `/catalog/${metadata.namespace ?? 'default'}/${kind.toLowerCase()}/${metadata.name}`;

/** Pages with a text that only they have, not the frame around them. */
function pagesFor(entities) {
  const first = kind => entities.find(entity => entity.kind === kind);
  const ref = `component:default/${first('Component').metadata.name}`;
  return [
    ['catalog index', '/', /^Owned Components \(\d+\)/],
    ...entities.map(entity => [entity.kind, pathOf(entity), shownName(entity)]),
    ['API definition', `${pathOf(first('API'))}/definition`, shownName(first('API'))],
    [
      'graph',
      `/catalog-graph?rootEntityRefs%5B%5D=${encodeURIComponent(ref)}`,
      shownName(first('Component')),
    ],
    ['API explorer', '/api-docs', shownName(first('API'))],
    ['register', '/catalog-import', 'Start tracking your component'],
    ['settings', '/settings', 'Appearance'],
    ['notifications', '/notifications', 'No records to display'],
    ['create', '/create', shownName(first('Template'))],
    ['docs', '/docs', /^Owned \(\d+\)/],
    ['search', '/search', 'Result Type'],
  ];
}

/** Loads a page until it shows what it is about and asks for nothing more. */
async function visit(page, url, text) {
  await page.goto(url, { timeout: PATIENCE_MS });
  await page.getByText(text).first().waitFor({ timeout: PATIENCE_MS });
  await rest(page);
}

async function signIn(page, url) {
  await page.goto(url, { timeout: PATIENCE_MS });
  await page.getByRole('button', { name: 'Enter' }).click({ timeout: PATIENCE_MS });
  await page.locator('tbody tr').first().waitFor({ timeout: PATIENCE_MS });
}

const portal = await startPortal({
  callboard: { app: { dist: resolve(dist) } },
  app: { title: 'Stock', packages: 'all', extensions: EXTENSIONS },
});
const browser = await launch();
let hasFailed = false;

/** Shows what was seen, one line for a page. */
async function report(name, page, { seen, reset }, problem) {
  const wrong = [...seen.errors.map(error => `error: ${error}`), ...seen.bad];
  if (problem) wrong.push(problem);
  if (wrong.length > 0) hasFailed = true;
  const toCome = seen.toCome.length > 0 ? `, ${seen.toCome.length} for features to come` : '';
  console.log(`${wrong.length > 0 ? 'not ok' : 'ok'} - ${name}: ${seen.calls} API calls${toCome}`);
  for (const line of wrong) console.log(`    ${line}`);
  for (const line of new Set(seen.toCome)) console.log(`    (to come) ${line}`);
  if (pictures) await page.screenshot({ path: join(pictures, `${name.replace(/\W+/g, '-')}.png`) });
  reset();
}

try {
  const entities = await oneOfEachKind(portal.url);
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  track(page);
  const watched = watch(page);
  await signIn(page, portal.url);
  await report('sign-in', page, watched);
  for (const [name, path, text] of pagesFor(entities)) {
    const problem = await visit(page, portal.url + path, text).then(
      () => undefined,
      error => error.message.split('\n')[0],
    );
    await report(name, page, watched, problem);
  }
  console.log(`${watched.seen.signals} connections for signals`);
  if (watched.seen.signals === 0) hasFailed = true;
} finally {
  await browser.close();
  await portal.stop();
}
process.exitCode = hasFailed ? 1 : 0;
