/** The way in: all configured providers, or why none works. */

import { useState } from 'react';
import { config } from '../app/boot';
import { Button } from '../ui/Button';
import { Notice, Skeleton } from '../ui/Small';
import { signInLabel } from './providers';
import { type SessionState, session } from './session';

export function SignInPage({ state }: { state: SessionState }) {
  const [isHere, setHere] = useState(false);
  if (state.status === 'signing-in') {
    return (
      <main className="center-page" aria-busy="true">
        <h1>{config.title}</h1>
        <span className="muted">Signing in…</span>
        <Skeleton width={240} />
      </main>
    );
  }
  const error = state.status === 'signed-out' ? state.error : undefined;
  return (
    <main className="center-page">
      <h1>{config.title}</h1>
      {error && <Notice tone="error">{error.message}</Notice>}
      {config.providers.map((provider, at) => (
        <Button
          key={provider.id}
          variant={at === 0 ? 'primary' : undefined}
          onClick={() =>
            isHere && provider.kind === 'pages'
              ? session.signInHere(provider)
              : void session.signIn(provider)
          }
        >
          {signInLabel(provider)}
        </Button>
      ))}
      {config.providers.some(({ kind }) => kind === 'pages') && (
        <label className="muted">
          <input
            type="checkbox"
            checked={isHere}
            onChange={({ target }) => setHere(target.checked)}
          />{' '}
          On this page, without a window of its own
        </label>
      )}
      {config.providers.length === 0 && <NoProvider />}
    </main>
  );
}

const EXAMPLE = `auth:
  providers:
    guest: {}`;

function NoProvider() {
  return (
    <div className="state">
      <strong>No way to sign in is configured</strong>
      <p className="muted">
        For a trial on your own machine, add this to app-config.yaml and start again;{' '}
        <code>callboard doctor auth</code> says why a provider that is there does not work.
      </p>
      <pre>{EXAMPLE}</pre>
    </div>
  );
}
