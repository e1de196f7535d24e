/** What can be done with the entities that are selected. */

import { useQueryClient } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { useState } from 'react';
import { catalog } from '../api/catalog';
import { ApiError } from '../api/client';
import { MAY } from '../session/may';
import { Button } from '../ui/Button';
import { CopyButton, formatCount } from '../ui/Small';
import { MAX_SELECTED } from './rows';
import type { Selected } from './selection';

/** Why a refresh was refused, with what leads to it in the log. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.isDenied) return `you need the permission ${MAY.refresh.name}`;
  return error.requestId ? `${error.message} (request ${error.requestId})` : error.message;
}

/** So many are asked for at once. */
const AT_ONCE = 8;

async function refreshAll(refs: string[]): Promise<PromiseSettledResult<void>[]> {
  const results: PromiseSettledResult<void>[] = [];
  for (let at = 0; at < refs.length; at += AT_ONCE)
    results.push(...(await Promise.allSettled(refs.slice(at, at + AT_ONCE).map(catalog.refresh))));
  return results;
}

interface SelectionBarProps {
  selected: Selected;
  onClear: () => void;
}

export function SelectionBar({ selected, onClear }: SelectionBarProps) {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const refresh = async () => {
    setBusy(true);
    const refs = [...selected];
    const results = await refreshAll(refs);
    const failed = results.filter(result => result.status === 'rejected');
    // Mostly they are all refused for the same reason.
    const reasons = new Set(failed.map(({ reason }) => reasonOf(reason)));
    setOutcome(
      failed.length > 0
        ? `${failed.length} of ${refs.length} could not be refreshed: ${[...reasons].join('; ')}`
        : `${refs.length} will be read again`,
    );
    setBusy(false);
    await client.invalidateQueries({ queryKey: ['rows'] });
  };
  return (
    <div className="selection" role="status">
      <span className="grow">
        {formatCount(selected.size)} selected
        {selected.size >= MAX_SELECTED && ', the most at once'}
        {outcome && ` · ${outcome}`}
      </span>
      <Button size="small" onClick={refresh} disabled={isBusy}>
        <RotateCw aria-hidden /> {isBusy ? 'Refreshing…' : 'Refresh'}
      </Button>
      <CopyButton text={[...selected].join('\n')} label="Copy references" />
      <Button size="small" variant="quiet" onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
