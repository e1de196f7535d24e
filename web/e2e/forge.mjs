// A source control host: git's own HTTP server over a folder, doubles of the APIs of GitHub and Argo
// CD that remember what was made, and GitHub's pages on which people let programs act for them.
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the portal itself is known by. */
export const TOKEN = 'portal-token';

/** What is asked for without a token. */
const OPEN = '/login/oauth/';

/**
 * Starts a host on a free port. `name` is what its answers call it: clients reach it under that name
 * through it as a proxy. `people` are logins with the organizations they are in.
 */
export async function startForge({ name, people = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'callboard-forge-'));
  const state = { folder, people, codes: new Map(), tokens: new Map(), made: new Map(), calls: [] };
  const server = createServer((request, response) => {
    answer(state, request, response).catch(error => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const authority = `127.0.0.1:${server.address().port}`;
  state.name = name ?? authority;
  return {
    authority,
    url: `http://${authority}`,
    /** Calls of APIs with what came with them and whose they were, in order. */
    calls: () => state.calls,
    /** Those that change something, without what came with them. */
    changes: () => state.calls.filter(isChange).map(({ call }) => call),
    body: wanted => state.calls.find(({ call }) => call === wanted)?.body,
    /** What a person's programs are known by. */
    tokens: () => [...state.tokens.keys()],
    git: (repository, ...args) => git(state, repository, ...args).stdout.toString(),
    make: repository => make(state, repository),
    stop: () => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isChange = ({ call }) => !call.startsWith('GET ');

async function answer(state, request, response) {
  // A proxy is sent whole addresses.
  const url = new URL(request.url, 'http://forge');
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (url.pathname.startsWith(OPEN)) return people(state, url, body, response);
  if (!url.pathname.startsWith('/api/')) return repository(state, url, body, request, response);
  const token = tokenOf(request);
  const who = token === TOKEN ? 'portal' : state.tokens.get(token);
  const json = body.length > 0 ? JSON.parse(body) : undefined;
  const call = `${request.method} ${url.pathname}`;
  state.calls.push({ call, body: json, who });
  const [status, reply] = who ? api(state, call, json, who, url) : [401, { message: 'no token' }];
  const text = typeof reply === 'string' ? reply : JSON.stringify(reply);
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
}

/** A token in any of the ways in which it is sent. */
function tokenOf({ headers }) {
  const [scheme, value = ''] = (headers.authorization ?? '').split(' ');
  if (scheme !== 'Basic') return value;
  return Buffer.from(value, 'base64').toString().split(':').at(-1);
}

const MISSING = [404, { message: 'not found' }];

/** The first of these that fits is the answer to a call. */
const ROUTES = [
  [/^POST \/api\/argo\/api\/v1\/(projects|applications)$/, argo],
  [/^GET \/api\/v3\/user$/, (state, { who }) => [200, userOf(state, who)]],
  [/^GET \/api\/v3\/user\/orgs$/, ({ people: all }, { who }) => [200, all[who].map(asLogin)]],
  [/^GET \/api\/v3\/user\/repos$/, (state, { who }) => [200, repositoriesOf(state, who)]],
  [/^GET \/api\/v3\/users\/[^/]+$/, () => [200, { type: 'Organization', id: 9 }]],
  [/^POST \/api\/v3\/orgs\/([^/]+)\/repos$/, create],
  [/^GET \/api\/v3\/repos\/([^/]+\/[^/]+)$/, (state, { parts: [of] }) => describe(state, of)],
  [/^PUT \/api\/v3\/repos\/([^/]+\/[^/]+)\/branches\/[^/]+\/protection$/, protect],
  [/^GET \/api\/v3\/repos\/([^/]+\/[^/]+)\/branches$/, branches],
  [/^GET \/api\/v3\/repos\/([^/]+\/[^/]+)\/branches\/([^/]+)$/, branch],
  [/^GET \/api\/v3\/repos\/([^/]+\/[^/]+)\/contents\/(.+)$/, contents],
];

function api(state, call, body, who, url) {
  for (const [pattern, run] of ROUTES) {
    const parts = pattern.exec(call)?.slice(1).map(decodeURIComponent);
    // Lists have one page.
    if (parts && Number(url.searchParams.get('page') ?? 1) > 1) return [200, []];
    if (parts) return run(state, { parts, body, who });
  }
  return MISSING;
}

const asLogin = login => ({ login });

function userOf({ people: all }, login) {
  return { login, id: Object.keys(all).indexOf(login) + 1, name: login, email: null };
}

function repositoriesOf({ made, people: all }, who) {
  const mine = [...made.keys()].filter(name => all[who].includes(name.split('/')[0]));
  return mine.map(full_name => ({ full_name }));
}

function create(state, { parts: [owner], body, who }) {
  const name = `${owner}/${body.name}`;
  if (who !== 'portal' && !state.people[who].includes(owner)) return [403, { message: 'no' }];
  if (state.made.has(name)) return [422, { message: 'name already exists on this account' }];
  make(state, name);
  return [201, describe(state, name)[1]];
}

function describe(state, name) {
  if (!state.made.has(name)) return MISSING;
  const base = `http://${state.name}/${name}`;
  // A host with a name is one that people see by HTTPS.
  const page = state.name.includes(':') ? base : base.replace('http:', 'https:');
  const about = { id: 7, default_branch: 'main', clone_url: `${base}.git`, html_url: page };
  return [200, about];
}

function protect(state, { parts: [name], body }) {
  return state.made.has(name) ? [200, body] : MISSING;
}

function branches(state, { parts: [name] }) {
  if (!state.made.has(name)) return MISSING;
  const listed = git(state, name, 'for-each-ref', '--format=%(refname:short)', 'refs/heads');
  const names = listed.stdout.toString().split('\n').filter(Boolean);
  return [200, names.map(branchName => ({ name: branchName }))];
}

function branch(state, { parts: [name, wanted] }) {
  const ask = sort => git(state, name, 'rev-parse', `${wanted}^{${sort}}`);
  const [commit, tree] = [ask('commit'), ask('tree')];
  if (commit.status !== 0) return MISSING;
  const sha = tree.stdout.toString().trim();
  const about = { sha: commit.stdout.toString().trim(), commit: { tree: { sha } } };
  return [200, { name: wanted, commit: about }];
}

function contents(state, { parts: [name, path] }) {
  const shown = git(state, name, 'show', `main:${path}`);
  return shown.status === 0 ? [200, shown.stdout.toString()] : MISSING;
}

/** Argo CD takes the same thing again, and refuses another one of the same name. */
function argo(state, { parts: [kind], body }) {
  const thing = kind === 'projects' ? body.project : body;
  const key = `argo ${kind} ${thing.metadata.name}`;
  const text = JSON.stringify(thing);
  if ((state.made.get(key) ?? text) !== text) return [400, { message: 'existing spec differs' }];
  state.made.set(key, text);
  return [200, thing];
}

const pathOf = ({ folder }, name) => join(folder, `${name}.git`);

function git(state, name, ...args) {
  return spawnSync('git', ['-C', pathOf(state, name), ...args]);
}

function make(state, name) {
  const path = pathOf(state, name);
  spawnSync('git', ['init', '--bare', '-b', 'main', path]);
  spawnSync('git', ['-C', path, 'config', 'http.receivepack', 'true']);
  state.made.set(name, true);
}

/** `git http-backend`, as a web server runs it. */
async function repository(state, url, body, request, response) {
  const name = url.pathname.replace(/^\/|(\.git)?\/(info\/refs|git-[a-z-]+)$/g, '');
  if (!existsSync(pathOf(state, name))) return response.writeHead(404).end();
  const token = tokenOf(request);
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: state.folder,
      GIT_HTTP_EXPORT_ALL: '1',
      // Only who is known may push.
      REMOTE_USER: token === TOKEN || state.tokens.has(token) ? 'pusher' : '',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // A server that refuses does not read on.
  child.stdin.on('error', () => undefined);
  child.stdin.end(body);
  const chunks = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  const output = Buffer.concat(chunks);
  const end = output.indexOf('\r\n\r\n');
  const head = output.subarray(0, end).toString();
  const [, status = '200'] = /^Status: (\d+)/m.exec(head) ?? [];
  const [, type = 'text/plain'] = /^Content-Type: (.*?)\r?$/m.exec(head) ?? [];
  response.writeHead(Number(status), { 'Content-Type': type }).end(output.subarray(end + 4));
}

/** Somebody is asked, and a program gets the token for what they said. */
function people(state, url, body, response) {
  if (url.pathname.endsWith('/access_token')) {
    const form = new URLSearchParams(body.toString());
    const granted = state.codes.get(form.get('code'));
    if (!granted) return response.writeHead(400).end();
    const token = `person-${randomUUID()}`;
    state.tokens.set(token, granted.login);
    const reply = { access_token: token, token_type: 'bearer', scope: granted.scope };
    return response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(reply));
  }
  const back = new URL(url.searchParams.get('redirect_uri'));
  back.searchParams.set('state', url.searchParams.get('state'));
  if (url.searchParams.has('login')) {
    const code = randomUUID();
    const scope = url.searchParams.get('scope').replaceAll(' ', ',');
    state.codes.set(code, { login: url.searchParams.get('login'), scope });
    back.searchParams.set('code', code);
    return response.writeHead(302, { Location: back.href }).end();
  }
  const choices = Object.keys(state.people).map(login => {
    const to = new URLSearchParams([...url.searchParams, ['login', login]]);
    return `<li><a href="?${escaped(to.toString())}">Let it act for ${login}</a></li>`;
  });
  back.searchParams.set('error', 'access_denied');
  back.searchParams.set('error_description', 'The user has denied your application access.');
  choices.push(`<li><a href="${escaped(back.href)}">Refuse</a></li>`);
  const scope = escaped(url.searchParams.get('scope') ?? '');
  const page = `<!doctype html><title>Forge</title><h1>May it?</h1><p>${scope}</p><ul>${choices.join('')}</ul>`;
  return response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
}

const escaped = text => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
