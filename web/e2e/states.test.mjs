// What each page shows while it waits, when there is nothing, too much, an error, or no permission.
// The answers about its subject are made up here; everything else is the portal with the example catalog.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { becomes, count, hold, launch, openPage, rest } from './browser.mjs';
import { startPortal, WITH_ACCESS } from './portal.mjs';

const CATALOG = '/api/catalog';
const PERMISSION = '/api/permission';
const SCAFFOLDER = '/api/scaffolder/v2';
const QUERY = `${CATALOG}/entities/by-query`;
const ROLE = '/admin/roles/default/developer';
const SERVICE = '/catalog/default/component/reservation-service';
const NOBODY = { items: [], totalItems: 0, pageInfo: {} };
const MANY = 500_000;
/** Lists of any length put no more than this into a page. */
const MAX_ELEMENTS = 60_000;
/** Pages that are looked at together: most of the time they wait. */
const AT_ONCE = 4;
const CLICK_MS = 1000;

/** A page of a list that never ends. */
function many(kind) {
  return request => {
    const { offset = 0, limit = 20 } = request.postDataJSON() ?? {};
    const items = Array.from({ length: Math.min(limit, 200) }, (_, at) => ({
      apiVersion: 'backstage.io/v1alpha1',
      kind,
      metadata: { name: `thing-${offset + at}`, namespace: 'default', uid: String(offset + at) },
      spec: { type: 'service' },
    }));
    return { items, totalItems: MANY, pageInfo: {} };
  };
}

const listOf = (n, make) => Array.from({ length: n }, (_, at) => make(at));
const wrapped = items => ({ items });

const entityError = at => ({
  entityRef: `component:default/thing-${at}`,
  location: 'url:https://git.example/all.yaml',
  hasLastGood: true,
  problems: [],
});
const location = at => ({
  data: { id: String(at), type: 'url', target: `https://git.example/${at}.yaml` },
});
const role = at => ({
  name: `role:default/role-${at}`,
  memberReferences: [],
  metadata: { source: 'rest' },
});
const browserSession = at => ({
  id: `session-${at}`,
  isPresent: at === 0,
  provider: 'oidc',
  browser: `Firefox ${at}`,
  system: 'Linux',
  agent: 'Firefox',
  address: '192.0.2.7',
  begunAt: 1_700_000_000_000,
  usedAt: 1_700_000_000_000,
});
const program = at => ({ subject: `program-${at}`, kind: 'static' });
const failure = at => ({
  id: `ref-${at}`,
  at: 1_700_000_000_000,
  provider: 'oidc',
  environment: 'production',
  claims: ['sub', 'email'],
  steps: [
    { resolver: 'emailMatchingUserEntityProfileEmail', lookedFor: null, outcome: 'no such user' },
  ],
  fix: 'add a User entity',
});
const record = at => ({
  seq: at + 1,
  at: 1_700_000_000_000,
  actor: 'user:default/guest',
  action: 'catalog.entity.refresh',
  subject: `component:default/thing-${at}`,
  outcome: 'succeeded',
  via: 'api',
  hash: '0'.repeat(64),
});
const task = at => ({
  id: `task-${at}`,
  status: 'completed',
  createdAt: '2026-01-01T00:00:00.000Z',
  spec: { templateInfo: { entityRef: 'template:default/rust-service' }, parameters: {} },
});

const notification = at => ({
  id: `told-${at}`,
  user: 'user:default/guest',
  created: '2026-01-01T00:00:00.000Z',
  origin: 'builds',
  payload: { title: `Build ${at} failed`, severity: 'high' },
});
const TOPICS = listOf(1000, at => ({ id: `topic-${at}`, enabled: true }));

/** Asks for the preview of a file. */
async function preview(page) {
  await page.getByLabel('URL of the file').fill('https://git.example/catalog-info.yaml');
  await page.getByRole('button', { name: 'Preview' }).click();
}

/** Looks for an owner in a form. */
const findOwner = page => page.getByRole('combobox', { name: 'Owner' }).fill('thing');

/** Tries the template that an editor begins with. */
async function dryRun(page) {
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'Dry run' }).click();
  await page.getByRole('button', { name: 'Run the steps' }).click();
}

/** Looks for something in the palette. */
async function search(page) {
  await rest(page);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search and commands' }).fill('xylophone');
}

/**
 * Pages with the request that brings what they are about. `empty` and `huge` are answers and what is
 * then seen; pages about one thing have neither. `begin` is what asks for it, if not the page by itself,
 * `waiting` what is seen meanwhile, and `again` the way to another try.
 */
const SUBJECTS = [
  {
    path: '/',
    request: QUERY,
    empty: [NOBODY, 'Nothing yet'],
    huge: [many('Component'), 'All 500,000'],
  },
  { path: '/', about: 'kinds', request: `${CATALOG}/entity-facets` },
  {
    path: '/design',
    about: 'palette',
    request: QUERY,
    begin: search,
    waiting: 'Searching…',
    again: null,
    empty: [NOBODY, 'Nothing is called “xylophone”'],
  },
  {
    path: '/catalog',
    request: QUERY,
    empty: [NOBODY, 'Nothing fits this filter'],
    huge: [many('Component'), '500,000 results'],
  },
  { path: '/catalog', about: 'filters', request: `${CATALOG}/entity-facets` },
  {
    path: '/api-docs',
    request: QUERY,
    empty: [NOBODY, 'Nothing fits this filter'],
    huge: [many('API'), '500,000 results'],
  },
  { path: SERVICE, request: `${CATALOG}/entities/by-name` },
  {
    path: '/catalog/default/api/reservations-api/definition?compare=api:default/ledger-api',
    request: `${CATALOG}/entities/by-name/api/default/ledger-api`,
  },
  { path: `${SERVICE}/dependencies`, request: `${CATALOG}/entities/by-refs` },
  { path: `${SERVICE}/explain`, request: `${CATALOG}/ingestion/errors` },
  {
    path: `${SERVICE}/history`,
    request: '/api/audit/records',
    empty: [{ items: [] }, 'Nobody has registered, refreshed or removed it'],
    huge: [{ items: listOf(50, record), nextCursor: '50' }, 'Older records are left out'],
  },
  {
    path: '/catalog/default/group/box-office',
    request: QUERY,
    empty: [NOBODY, 'Nobody is a member'],
    huge: [many('User'), 'Show more of 500,000'],
  },
  {
    path: '/catalog-graph',
    request: QUERY,
    empty: [NOBODY, 'There is no domain or system yet'],
    huge: [many('System'), '30 of 500,000'],
  },
  {
    path: '/catalog-graph?root=system:default/reservations',
    request: `${CATALOG}/entities/by-refs`,
  },
  {
    path: '/catalog-import',
    request: `${CATALOG}/locations`,
    begin: preview,
    again: 'Preview',
    empty: [{ entities: [], exists: false }, 'The file describes nothing'],
    huge: [
      {
        exists: false,
        entities: listOf(
          1000,
          at => many('API')({ postDataJSON: () => ({ offset: at, limit: 1 }) }).items[0],
        ),
      },
      'Register 1000 entities',
    ],
  },
  {
    path: '/catalog-import/describe',
    about: 'owner',
    request: QUERY,
    begin: findOwner,
    waiting: 'Searching…',
    again: null,
    empty: [NOBODY, 'Enter takes “thing” as it is'],
    huge: [many('Group'), 'thing-19'],
  },
  {
    path: '/org',
    request: QUERY,
    empty: [NOBODY, 'No groups yet'],
    huge: [many('Group'), 'The first 5,000 of 500,000'],
  },
  { path: '/create', request: QUERY, empty: [NOBODY, 'There are no templates yet'] },
  { path: '/create/templates/default/rust-service', request: `${SCAFFOLDER}/templates` },
  {
    path: '/create/editor?template=template:default/rust-service',
    request: `${CATALOG}/entities/by-name/template`,
  },
  {
    path: '/create/editor',
    about: 'dry run',
    request: `${SCAFFOLDER}/dry-run`,
    begin: dryRun,
    waiting: 'Running…',
    again: 'Run the steps',
    empty: [{ log: [], steps: [], output: {}, directoryContents: [] }, 'The steps left no file'],
    huge: [
      {
        log: listOf(5000, at => ({ body: { message: `line ${at}`, stepId: 'a' } })),
        steps: [{ id: 'a', name: 'All', action: 'debug:log' }],
        output: {},
        directoryContents: listOf(1000, at => ({ path: `file-${at}`, base64Content: '' })),
      },
      'file-999',
    ],
  },
  {
    path: '/create/tasks',
    request: `${SCAFFOLDER}/tasks`,
    empty: [{ tasks: [], totalTasks: 0 }, 'Nothing has been run yet'],
    huge: [{ tasks: listOf(25, task), totalTasks: MANY }, 'Page 1 of 10,000'],
  },
  { path: '/create/tasks/of-nobody', request: `${SCAFFOLDER}/tasks/of-nobody`, again: null },
  {
    path: '/create/actions',
    request: `${SCAFFOLDER}/actions`,
    empty: [[], 'No action'],
    huge: [
      listOf(1000, at => ({ id: `do:it-${at}`, description: '', examples: [] })),
      '1,000 actions',
    ],
  },
  {
    path: '/notifications',
    request: '/api/notifications/notifications',
    empty: [{ totalCount: 0, notifications: [] }, 'Nothing is unread'],
    huge: [{ totalCount: MANY, notifications: listOf(50, notification) }, 'Page 1 of 10,000'],
  },
  {
    path: '/settings',
    about: 'notifications',
    request: '/api/notifications/settings',
    empty: [{ channels: [{ id: 'Web', origins: [] }] }, 'Nobody has told you anything yet'],
    huge: [
      { channels: [{ id: 'Web', origins: [{ id: 'all', enabled: true, topics: TOPICS }] }] },
      'topic-999',
    ],
  },
  {
    path: '/settings',
    about: 'sessions',
    request: '/api/auth/v1/browser-sessions',
    empty: [{ tokenSeconds: 3600, items: [] }, 'No session is kept'],
    huge: [{ tokenSeconds: 3600, items: listOf(100, browserSession) }, 'Firefox 99 on Linux'],
  },
  {
    path: '/settings',
    about: 'programs',
    request: '/api/callboard/programs',
    empty: [wrapped([]), 'No program has one'],
    huge: [wrapped(listOf(1000, program)), 'program-999'],
  },
  {
    path: '/settings',
    about: 'roles',
    request: '/api/permission/own-roles',
    empty: [{ isOn: true, items: [] }, 'None'],
  },
  {
    path: '/settings',
    request: '/api/auth/v1/acting',
    empty: [{ isOn: true, items: [] }, 'None'],
  },
  {
    path: '/admin/errors',
    request: `${CATALOG}/ingestion/errors`,
    empty: [wrapped([]), 'Every file could be read'],
    huge: [wrapped(listOf(1000, entityError)), 'thing-999'],
  },
  {
    path: '/admin/conflicts',
    request: `${CATALOG}/ingestion/conflicts`,
    empty: [wrapped([]), 'No two sources claim the same entity'],
  },
  {
    path: '/admin/held',
    request: `${CATALOG}/ingestion/held`,
    empty: [wrapped([]), 'No source wants to remove'],
  },
  {
    path: '/admin/locations',
    request: `${CATALOG}/locations`,
    empty: [[], 'None was registered by hand'],
    huge: [listOf(1000, location), 'https://git.example/999.yaml'],
  },
  {
    path: '/admin/providers',
    request: `${CATALOG}/ingestion/providers`,
    empty: [wrapped([]), 'The configuration names no source'],
  },
  { path: '/admin/health', request: '/metrics' },
  { path: '/admin/configuration', request: '/api/callboard/config' },
  {
    path: '/admin/failed-sign-ins',
    request: '/api/callboard/failed-sign-ins',
    empty: [wrapped([]), 'Everybody who tried to sign in was let in'],
    huge: [wrapped(listOf(1000, failure)), 'ref-999'],
  },
  {
    path: '/admin/roles',
    request: `${PERMISSION}/roles`,
    empty: [[], 'No roles yet'],
    huge: [listOf(1000, role), '1,000 roles'],
  },
  { path: ROLE, request: `${PERMISSION}/roles/role` },
  { path: ROLE, about: 'policies', request: `${PERMISSION}/policies` },
  {
    path: '/admin/audit',
    request: '/api/audit/records',
    empty: [wrapped([]), 'Nothing has happened yet'],
    huge: [{ items: listOf(100, record), nextCursor: 'more' }, 'Show older records'],
  },
  { path: '/admin/audit/1', request: '/api/audit/records', empty: [wrapped([]), 'no such record'] },
  {
    path: '/admin/explain?user=user:default/guest&permission=catalog.entity.delete&on=component:default/reservation-service',
    request: `${PERMISSION}/explain`,
  },
  { path: '/oauth2/authorize/of-nobody', request: '/api/auth/v1/sessions', again: 'Try again' },
];

let portal;
let browser;

before(async () => {
  [portal, browser] = await Promise.all([startPortal(WITH_ACCESS), launch()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

const json = (status, body) => ({
  status,
  contentType: 'application/json',
  headers: { 'x-request-id': 'request-7' },
  body: JSON.stringify(body),
});
const refusal = (name, message) => ({ error: { name, message } });
const COMING = '.skeleton, [aria-busy="true"]';
const alerts = (page, text) => page.getByRole('alert').filter({ hasText: text });

/** The states of a page: what its request is answered, and what is then seen. */
const STATES = {
  async waiting(page, subject, asked, show) {
    const release = await hold(page, asked);
    const isAsked = page.waitForRequest(request => asked(new URL(request.url())));
    // What goes wrong before it is awaited is the fault to tell.
    isAsked.catch(() => undefined);
    await show();
    await isAsked;
    const sign = subject.waiting ? page.getByText(subject.waiting) : page.locator(COMING);
    await sign.first().waitFor({ state: 'attached' });
    await count(page.getByRole('alert'), 0);
    release();
    await rest(page);
  },
  async failed(page, subject, asked, show) {
    let isBroken = true;
    const failure = json(500, refusal('Error', 'the disk is on fire'));
    await page.route(asked, route => (isBroken ? route.fulfill(failure) : route.fallback()));
    await show();
    const told = alerts(page, 'the disk is on fire');
    await told.first().waitFor();
    if (subject.again === null) return;
    isBroken = false;
    // A page may have several parts that failed, and one may come back with another.
    const again = page.getByRole('button', { name: subject.again ?? 'Try again' }).first();
    await becomes(async () => {
      await again.click({ timeout: CLICK_MS }).catch(() => undefined);
      return told.count();
    }, 0);
  },
  async denied(page, _, asked, show) {
    const answer = json(403, refusal('NotAllowedError', 'not for you'));
    await page.route(asked, route => route.fulfill(answer));
    await show();
    await alerts(page, 'not for you').first().waitFor();
  },
  empty: (page, subject, asked, show) => answered(page, subject.empty, asked, show),
  huge: (page, subject, asked, show) => answered(page, subject.huge, asked, show),
};

async function answered(page, [answer, text], asked, show) {
  const made = request => (typeof answer === 'function' ? answer(request) : answer);
  await page.route(asked, (route, request) => route.fulfill(json(200, made(request))));
  await show();
  await page.locator('body').getByText(text).first().waitFor();
  assert.ok((await page.locator('main *').count()) < MAX_ELEMENTS);
}

describe('pages', { concurrency: AT_ONCE }, () => {
  for (const subject of SUBJECTS) {
    const { path, about, request, begin } = subject;
    test(`${path} ${about ?? ''}`, async t => {
      const { page, faults, close } = await openPage(browser, { allow: ['/'] });
      const asked = url => url.pathname.startsWith(request);
      const show = async () => {
        // A browser that was never here: no page brings its data along.
        await page.context().clearCookies();
        await page.goto(portal.url + path);
        await begin?.(page);
      };
      for (const [state, run] of Object.entries(STATES)) {
        if (['empty', 'huge'].includes(state) && !subject[state]) continue;
        await t.test(state, async () => {
          await run(page, subject, asked, show);
          await page.unrouteAll({ behavior: 'ignoreErrors' });
          assert.deepEqual(faults.splice(0), []);
        });
      }
      await close();
    });
  }
});
