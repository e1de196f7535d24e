// A portal with the example catalog, and a browser to look at it with.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const root = new URL('../..', import.meta.url).pathname;
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const BINARY = process.env.CALLBOARD ?? join(target, 'debug/callboard');
const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
const START_MS = 180_000;
/** How long anything on a page may take: the machine may have other things to do. */
const WAIT_MS = 120_000;

/** Roles and programs that act for people; the guest may do everything. */
export const WITH_ACCESS = {
  auth: {
    experimentalDynamicClientRegistration: { enabled: true },
    experimentalRefreshToken: { enabled: true },
  },
  permission: {
    enabled: true,
    rbac: {
      'policies-csv-file': join(root, 'web/e2e/policy.csv'),
      conditionalPoliciesFile: join(root, 'web/e2e/conditions.yaml'),
      admin: { superUsers: [{ name: 'user:default/guest' }] },
    },
  },
  callboard: { permission: { recordDecisions: true } },
};

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The database of one portal: a schema of its own where there is a server, else a file. */
function database() {
  const connection = process.env.TEST_DATABASE_URL;
  if (!connection) return { client: 'better-sqlite3' };
  return { client: 'pg', connection, schema: `e2e_${randomUUID().replaceAll('-', '')}` };
}

/**
 * Starts the binary, with more configuration if given; `stop` ends it and removes its data, `halt`
 * ends it only, and `start` starts it again.
 */
export async function startPortal(more = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'callboard-e2e-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const local = join(folder, 'local.yaml');
  const base = {
    app: { baseUrl: url },
    backend: { baseUrl: url, listen: { port }, database: database() },
  };
  const settings = typeof more === 'function' ? more(folder) : more;
  const app = { ...base.app, ...settings.app };
  writeFileSync(local, JSON.stringify({ ...base, ...settings, app }));
  const configs = [join(root, 'examples/acme/app-config.yaml'), local];
  const data = ['--data', join(folder, 'data')];
  const args = ['serve', ...configs.flatMap(config => ['--config', config]), ...data];
  let running;
  const halt = async () => {
    running.child.kill('SIGTERM');
    await running.ended;
  };
  const stop = async () => {
    await halt();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async () => {
    running = run(args);
    try {
      await settled(url, running.child);
    } catch (error) {
      const log = running.log();
      await stop();
      throw new Error(`${error.message}\n${log}`);
    }
  };
  await start();
  return { url, folder, stop, halt, start };
}

function run(args) {
  const child = spawn(BINARY, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', chunk => {
    log = (log + chunk).slice(-8000);
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  return { child, ended, log: () => log };
}

/** Waits until the number of entities stays the same. */
async function settled(url, child) {
  const until = Date.now() + START_MS;
  let seen = 0;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error('the portal ended');
    const count = await countEntities(url).catch(() => 0);
    if (count > 0 && count === seen) return;
    seen = count;
    await new Promise(resolve => setTimeout(resolve, 400));
  }
  throw new Error('the portal did not start in time');
}

async function countEntities(url) {
  const signedIn = await fetch(`${url}/api/auth/guest/refresh`).then(answer => answer.json());
  const headers = { Authorization: `Bearer ${signedIn.backstageIdentity.token}` };
  const page = await fetch(`${url}/api/catalog/entities/by-query?limit=0`, { headers });
  return (await page.json()).totalItems;
}

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
function track(page) {
  const requests = new Set();
  open.set(page, requests);
  page.on('request', request => {
    if (!request.url().endsWith(STREAM)) requests.add(request);
  });
  for (const end of ['requestfinished', 'requestfailed'])
    page.on(end, request => requests.delete(request));
}

/** Waits until a page has asked for nothing for half a second. */
export async function quiet(page) {
  const until = Date.now() + WAIT_MS;
  let since = Date.now();
  while (Date.now() - since < QUIET_MS) {
    if (Date.now() > until) throw new Error('the page never becomes quiet');
    await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    if (open.get(page).size > 0) since = Date.now();
  }
}
