// Signing in with a real Keycloak, and its people in the catalog. KEYCLOAK_HOME says where an
// unpacked Keycloak is (`org.keycloak:keycloak-quarkus-dist` of Maven); without it nothing is tested.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { flowsIn, launch } from './browser.mjs';
import { freePort, startPortal } from './portal.mjs';

const { KEYCLOAK_HOME } = process.env;
const skip = KEYCLOAK_HOME ? false : 'KEYCLOAK_HOME is not set';
const SECRET = 'the-secret-of-the-portal';
const PASSWORD = 'the-password-of-everybody';
const START_MS = 240_000;
const BUTTON = 'Sign in with single sign-on';
let keycloak;
let portal;
let browser;

const person = (username, first, last) => ({
  username,
  email: `${username}@example.com`,
  emailVerified: username !== 'mallory',
  firstName: first,
  lastName: last,
  enabled: true,
  credentials: [{ type: 'password', value: PASSWORD }],
});

/** Three people, one of them without a verified address, and a client that may list them. */
const REALM = {
  realm: 'acme',
  enabled: true,
  clients: [
    {
      clientId: 'portal',
      secret: SECRET,
      redirectUris: ['*'],
      serviceAccountsEnabled: true,
      directAccessGrantsEnabled: false,
    },
  ],
  groups: [{ name: 'stage', subGroups: [{ name: 'props' }] }],
  users: [
    { ...person('ada', 'Ada', 'Prompter'), groups: ['/stage/props'] },
    person('mallory', 'Mallory', 'Mask'),
    {
      username: 'service-account-portal',
      enabled: true,
      serviceAccountClientId: 'portal',
      clientRoles: { 'realm-management': ['query-users', 'query-groups', 'view-users'] },
    },
  ],
};

async function startKeycloak() {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const child = spawn(
    join(KEYCLOAK_HOME, 'bin/kc.sh'),
    ['start-dev', '--db=dev-mem', `--http-port=${port}`, '--http-host=127.0.0.1'],
    {
      stdio: 'ignore',
      detached: true,
      env: {
        ...process.env,
        KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
        KC_BOOTSTRAP_ADMIN_PASSWORD: PASSWORD,
      },
    },
  );
  const ended = new Promise(resolve => child.once('exit', resolve));
  const stop = async () => {
    // The script and the program that it starts.
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
  const until = Date.now() + START_MS;
  while (
    !(await fetch(`${url}/realms/master`).then(
      answer => answer.ok,
      () => false,
    ))
  ) {
    if (Date.now() > until || child.exitCode !== null) {
      await stop();
      throw new Error('Keycloak did not start');
    }
    await new Promise(resolve => setTimeout(resolve, 500));
  }
  return { url, stop };
}

/** A request to the admin API. */
async function administer(path, method, body) {
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: 'admin-cli',
    username: 'admin',
    password: PASSWORD,
  });
  const token = `${keycloak.url}/realms/master/protocol/openid-connect/token`;
  const { access_token } = await fetch(token, { method: 'POST', body: form }).then(a => a.json());
  const answer = await fetch(`${keycloak.url}/admin/realms${path}`, {
    method,
    headers: { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return method === 'GET' ? answer.json() : undefined;
}

before(async () => {
  if (skip) return;
  keycloak = await startKeycloak();
  await administer('', 'POST', REALM);
  const oidc = {
    metadataUrl: `${keycloak.url}/realms/acme/.well-known/openid-configuration`,
    clientId: 'portal',
    clientSecret: SECRET,
    prompt: 'auto',
    signIn: { resolvers: [{ resolver: 'emailMatchingUserEntityProfileEmail' }] },
  };
  const keycloakOrg = {
    default: {
      baseUrl: keycloak.url,
      realm: 'acme',
      loginRealm: 'acme',
      clientId: 'portal',
      clientSecret: SECRET,
    },
  };
  [portal, browser] = await Promise.all([
    startPortal({
      auth: { environment: 'test', providers: { oidc: { test: oidc } } },
      catalog: { providers: { keycloakOrg } },
    }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  await keycloak?.stop();
});

const flow = flowsIn(() => browser, { skip });

async function signIn(page, login) {
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: BUTTON }).click(),
  ]);
  await popup.locator('#username').fill(login);
  await popup.locator('#password').fill(PASSWORD);
  await popup.locator('#kc-login').click();
}

const seen = page => page.getByText('user:default/ada').first().waitFor();
const button = page => page.getByRole('button', { name: BUTTON });

flow('a person of Keycloak signs in, comes back, is in their groups, and leaves', async page => {
  await page.goto(`${portal.url}/settings`);
  await signIn(page, 'ada');
  await seen(page);
  await page.getByText('props').first().waitFor();
  await page.reload();
  await seen(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await button(page).waitFor();
});

flow(
  'a session that an administrator of Keycloak ends has ended',
  async page => {
    await page.goto(`${portal.url}/settings`);
    await signIn(page, 'ada');
    await seen(page);
    const [ada] = await administer('/acme/users?username=ada', 'GET');
    await administer(`/acme/users/${ada.id}/logout`, 'POST');
    await page.reload();
    await button(page).waitFor();
  },
  { allow: ['/api/auth/oidc/refresh'] },
);

flow('an address that Keycloak has not verified signs nobody in', async page => {
  await page.goto(portal.url);
  await signIn(page, 'mallory');
  await page.getByText('does not contain an email').waitFor();
});
