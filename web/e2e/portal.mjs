// A portal with the example catalog.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = new URL('../..', import.meta.url).pathname;
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const BINARY = process.env.CALLBOARD ?? join(target, 'debug/callboard');
const START_MS = 180_000;
const EXAMPLES = join(root, 'examples/acme/catalog');
/** As often in a row the portal has to have done nothing: it rests for a moment between two batches. */
const RESTING_LOOKS = 5;
const LOOK_MS = 400;

/** A program that may tell people things. */
const BUILDS = { subject: 'builds', token: randomUUID() };

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
 * Starts the binary, with more configuration and environment if given; `stop` ends it and removes its
 * data, `halt` ends it only, and `start` starts it again. It has to have read `entities`, or those of
 * the example, within `patience` times the usual time.
 */
export async function startPortal(more = {}, env = {}, { entities, patience = 1 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'callboard-e2e-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const local = join(folder, 'local.yaml');
  const base = {
    app: { baseUrl: url },
    backend: {
      baseUrl: url,
      listen: { port },
      database: database(),
      auth: { externalAccess: [{ type: 'static', options: BUILDS }] },
    },
  };
  const settings = typeof more === 'function' ? more(folder) : more;
  const app = { ...base.app, ...settings.app };
  const expected = entities ?? (settings.catalog?.locations ? 1 : countExamples());
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
    running = run(args, env);
    try {
      await settled(url, running.child, expected, START_MS * patience);
    } catch (error) {
      const log = running.log();
      await stop();
      throw new Error(`${error.message}\n${log}`);
    }
  };
  await start();
  return { url, folder, stop, halt, start, tell: payload => tell(url, payload) };
}

/** Tells the guest something; gives what was stored. */
async function tell(url, payload) {
  const answer = await fetch(`${url}/api/notifications`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${BUILDS.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      recipients: { type: 'entity', entityRef: 'user:default/guest' },
      payload,
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function run(args, env) {
  const child = spawn(BINARY, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', chunk => {
    log = (log + chunk).slice(-8000);
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  return { child, ended, log: () => log };
}

/** The entities that the files of the example describe; those for templates to copy are none. */
function countExamples() {
  const files = readdirSync(EXAMPLES, { recursive: true }).filter(
    name => name.endsWith('.yaml') && !name.includes('/content/'),
  );
  const texts = files.map(name => readFileSync(join(EXAMPLES, name), 'utf8'));
  return texts.join('\n').match(/^kind:/gm).length;
}

/** Waits until the portal has read at least `expected` entities and has nothing more to do. */
async function settled(url, child, expected, limitMs) {
  const until = Date.now() + limitMs;
  let seen;
  let nSame = 0;
  while (nSame < RESTING_LOOKS) {
    if (child.exitCode !== null) throw new Error('the portal ended');
    if (Date.now() > until) throw new Error(`the portal did not start in time: ${seen}`);
    const work = await workDone(url).catch(() => undefined);
    const isDone = work?.entities >= expected;
    const now = JSON.stringify(work);
    nSame = isDone && now === seen ? nSame + 1 : 0;
    seen = now;
    await new Promise(resolve => setTimeout(resolve, LOOK_MS));
  }
}

/** What the workers have done so far, and how many entities can be seen. */
async function workDone(url) {
  // The guest of a test may see nothing.
  const headers = { Authorization: `Bearer ${BUILDS.token}` };
  const page = await fetch(`${url}/api/catalog/entities/by-query?limit=0`, { headers });
  const { totalItems: entities } = await page.json();
  const metrics = await fetch(`${url}/metrics`).then(answer => answer.text());
  const sum = name => {
    const lines = metrics.match(new RegExp(`^catalog_${name}_entities_count_total.*$`, 'gm')) ?? [];
    return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  };
  return { entities, nProcessed: sum('processed'), nStitched: sum('stitched') };
}
