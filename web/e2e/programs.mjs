// Programs that ask to act for people, as the pages for them are tested with.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

const REDIRECT = 'http://127.0.0.1:8055/callback';
const VERIFIER = 'a-verifier-that-is-long-enough-to-be-accepted-here';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

function register(portal) {
  return fetch(`${portal.url}/api/auth/v1/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Terminal helper',
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'none',
    }),
  }).then(answer => answer.json());
}

async function tokensFor(portal, form) {
  const answer = await fetch(`${portal.url}/api/auth/v1/token`, { method: 'POST', body: form });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** A program asks; where its question is. */
export async function askToAct(portal) {
  const { client_id: clientId } = await register(portal);
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid offline_access',
    state: 'abc',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const answer = await fetch(`${portal.url}/api/auth/v1/authorize?${query}`, {
    redirect: 'manual',
  });
  return { clientId, question: answer.headers.get('location') };
}

/** Begins to listen as a program does; what it gives waits until the browser was sent there. */
export async function hear(page) {
  let tell;
  const told = new Promise(resolve => {
    tell = resolve;
  });
  await page.route(`${REDIRECT}**`, route => {
    tell(new URL(route.request().url()).searchParams);
    return route.fulfill({ body: 'done', contentType: 'text/plain' });
  });
  return () => told;
}

/** What a program gets for its code. */
export function redeem(portal, clientId, code) {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
  });
  return tokensFor(portal, form);
}

/** A program without a browser asks, and waits with a code. */
export async function askWithCode(portal) {
  const { client_id: clientId } = await register(portal);
  const form = new URLSearchParams({ client_id: clientId, scope: 'catalog:read' });
  const waiting = await fetch(`${portal.url}/api/auth/v1/device_authorization`, {
    method: 'POST',
    body: form,
  }).then(answer => answer.json());
  form.set('grant_type', DEVICE);
  form.set('device_code', waiting.device_code);
  return {
    address: waiting.verification_uri_complete,
    userCode: waiting.user_code,
    redeem: () => tokensFor(portal, form),
  };
}
