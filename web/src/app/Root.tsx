import { Outlet, useRouterState } from '@tanstack/react-router';
import { SignInPage } from '../session/SignInPage';
import { useSession } from '../session/useSession';
import { config } from './boot';
import { Mark, Shell } from './Shell';

/** Pages with one question and nothing beside it. */
const BARE = /^\/oauth2\//;

/** Shows the portal to who is signed in, and the way in to everybody else. */
export function Root() {
  const state = useSession();
  const isBare = useRouterState({ select: ({ location }) => BARE.test(location.pathname) });
  if (state.status !== 'signed-in') return <SignInPage state={state} />;
  return isBare ? <Bare /> : <Shell />;
}

function Bare() {
  return (
    <main className="bare-page" id="main">
      <div className="bare-brand">
        <Mark /> {config.organization ?? config.title}
      </div>
      <Outlet />
    </main>
  );
}
