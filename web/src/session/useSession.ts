import { useSyncExternalStore } from 'react';
import type { SessionUser } from '../app/boot';
import { type SessionState, session } from './session';

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.get);
}

const NOBODY: SessionUser = { userEntityRef: '', ownershipEntityRefs: [] };

/** Who is signed in; below the shell there always is somebody. */
export function useUser(): SessionUser {
  const state = useSession();
  return state.status === 'signed-in' ? state.user : NOBODY;
}
