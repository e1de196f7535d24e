import { SignInPage } from '../session/SignInPage';
import { useSession } from '../session/useSession';
import { Shell } from './Shell';

/** Shows the portal to who is signed in, and the way in to everybody else. */
export function Root() {
  const state = useSession();
  return state.status === 'signed-in' ? <Shell /> : <SignInPage state={state} />;
}
