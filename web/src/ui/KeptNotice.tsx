import type { Draft } from '../app/draft';
import { Button } from './Button';
import { Notice } from './Small';

/** Says that a form has what was filled in before, and offers to begin anew. */
export function KeptNotice({ draft }: { draft: Pick<Draft<unknown>, 'isKept' | 'forget'> }) {
  if (!draft.isKept) return null;
  return (
    <Notice tone="info">
      This is what you had written before.{' '}
      <Button size="small" onClick={draft.forget}>
        Begin anew
      </Button>
    </Notice>
  );
}
