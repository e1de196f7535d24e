// A browser to look at the portal with. The machine may be slow: everything waits for what it needs.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { chromium } from 'playwright-core';

const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
/** How long anything on a page may take; less while a test is being written. */
const WAIT_MS = Number(process.env.E2E_WAIT_MS ?? 120_000);

export function launch() {
  const executablePath = BROWSERS.find(path => path && existsSync(path));
  if (!executablePath) throw new Error('Chromium is missing: scripts/setup.sh browser');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page on which nothing may go wrong unseen: `faults` has errors, refused code and bad answers. */
export async function openPage(browser, { width = 1280, theme = 'light', allow = [] } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 844 : 800 },
    colorScheme: theme,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  track(page);
  const faults = [];
  page.on('pageerror', error => faults.push(`error: ${error.message}`));
  page.on('console', message => {
    // Bad answers are seen below, with their address.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  page.on('response', answer => {
    const isAllowed = allow.some(part => answer.url().includes(part));
    if (answer.status() >= 400 && !isAllowed) faults.push(`${answer.status()} ${answer.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/** The stream of changes, which is open for as long as its page. */
const STREAM = '/api/catalog/changes';
const QUIET_MS = 500;
const LOOK_MS = 50;
const open = new WeakMap();

/** Keeps in mind which requests of a page have no answer yet. */
export function track(page) {
  const requests = new Set();
  open.set(page, requests);
  page.on('request', request => {
    if (!request.url().endsWith(STREAM)) requests.add(request);
  });
  for (const end of ['requestfinished', 'requestfailed'])
    page.on(end, request => requests.delete(request));
}

/** Waits until a page has asked for nothing for half a second, and has nothing left to compute. */
async function quiet(page, until) {
  let since = Date.now();
  while (Date.now() - since < QUIET_MS || !(await isIdle(page))) {
    if (Date.now() > until)
      throw new Error(`the page never becomes quiet: ${[...open.get(page)].map(it => it.url())}`);
    await pause();
    if (open.get(page).size > 0) since = Date.now();
  }
}

/** Lets a page do all that it has begun, the least important last. */
async function isIdle(page) {
  const done = () => scheduler.postTask(() => true, { priority: 'background' });
  const isDone = await page.evaluate(done).catch(error => {
    // It has gone to another page meanwhile.
    if (/Execution context|navigation/i.test(error.message)) return false;
    throw error;
  });
  return isDone && open.get(page).size === 0;
}

/** Something that is still to come, but for the examples of the page that shows all parts. */
const COMING = ['[aria-busy="true"]', '.skeleton']
  .map(part => `${part}:not([data-examples] *)`)
  .join(', ');

/** Waits until a page shows all that it wants to show, and hears the keys that it knows. */
export async function rest(page) {
  const until = Date.now() + WAIT_MS;
  do {
    if (Date.now() > until) throw new Error('the page never shows all of it');
    await quiet(page, until);
  } while ((await page.locator(COMING).count()) > 0);
}

const pause = () => new Promise(resolve => setTimeout(resolve, LOOK_MS));

/** Waits until something reads as expected; fails with the difference. */
export async function becomes(read, expected) {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    // What is read may be replaced in the same moment.
    const now = await read().catch(error => error);
    if (isDeepStrictEqual(now, expected)) return;
    if (Date.now() > until) assert.deepEqual(now, expected);
    await pause();
  }
}

/** Waits until there are none of something, or as many as given. */
export const count = (target, expected) => becomes(() => target.count(), expected);

/** Whether something has the focus, or one of several. */
export const hasFocus = target =>
  target.evaluateAll(found => found.includes(document.activeElement));

/** Waits until something has the focus. */
export const focused = target => becomes(() => hasFocus(target), true);

/** Waits until something in there has the focus: a dialog hears keys from then on. */
export function focusWithin(target) {
  const isWithin = found => found.some(it => it.contains(document.activeElement));
  return becomes(() => target.evaluateAll(isWithin), true);
}

/** Presses keys, each when the target has the focus. */
export async function press(target, ...keys) {
  for (const key of keys) {
    await focused(target);
    await target.page().keyboard.press(key);
  }
}

/** Types a text when the target has the focus. */
export async function type(target, text) {
  await focused(target);
  await target.page().keyboard.type(text);
}

/** Presses keys that the page as a whole knows; several follow each other at once. */
export async function shortcut(page, ...keys) {
  await rest(page);
  await Promise.all(keys.map(key => page.keyboard.press(key)));
}

/** Goes to a page and waits until it shows all that it wants to show. */
export async function visit(page, url) {
  await page.goto(url);
  await page.locator('h1').first().waitFor();
  await rest(page);
}

/** Keeps requests without an answer until the function that it gives is called. */
export async function hold(page, pattern) {
  let open;
  const opened = new Promise(resolve => {
    open = resolve;
  });
  await page.route(pattern, async route => {
    await opened;
    // Nobody may want the answer any more.
    await route.fallback().catch(() => undefined);
  });
  return open;
}

/** Makes tests on fresh pages of a browser, on which nothing else may go wrong. */
export function flowsIn(browserOf, shared = {}) {
  return (name, run, options) =>
    test(name, shared, async () => {
      const { page, faults, close } = await openPage(browserOf(), options);
      try {
        await run(page);
        assert.deepEqual(faults, []);
      } finally {
        await close();
      }
    });
}
