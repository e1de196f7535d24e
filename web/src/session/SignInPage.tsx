/** The way in: all configured providers, or why none works. */

import { config } from '../app/boot';
import { Button } from '../ui/Button';
import { Notice, Skeleton } from '../ui/Small';
import { type SessionState, session } from './session';

export function SignInPage({ state }: { state: SessionState }) {
  if (state.status === 'signing-in') {
    return (
      <main className="center-page" aria-busy="true">
        <h1>{config.title}</h1>
        <span className="muted">Signing in…</span>
        <Skeleton width={240} />
      </main>
    );
  }
  return (
    <main className="center-page">
      <h1>{config.title}</h1>
      {state.status === 'failed' && <Notice tone="error">{state.error.message}</Notice>}
      {config.providers.includes('guest') ? (
        <Button variant="primary" onClick={() => session.signIn()}>
          Continue as guest
        </Button>
      ) : (
        <NoProvider />
      )}
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
        For a trial on your own machine, add this to app-config.yaml and start again:
      </p>
      <pre>{EXAMPLE}</pre>
    </div>
  );
}
