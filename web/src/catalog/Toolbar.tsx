/** Above the list: how much there is, its columns, and the list as a file. */

import { Columns3, Download, Filter } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button } from '../ui/Button';
import { LateMenu, useLate } from '../ui/late';
import { formatCount, Notice } from '../ui/Small';
import { columnsOf } from './columns';
import { collect, download, type Format, toCsv } from './export';
import type { Listing } from './rows';

interface ToolbarProps {
  total: number | undefined;
  listing: Listing;
  facets: ReactNode;
  columnIds: string[];
  onColumns: (ids: string[]) => void;
}

const loadColumns = () => import('./menus').then(it => ({ default: it.ColumnsMenu }));
const loadExport = () => import('./menus').then(it => ({ default: it.ExportMenu }));
const loadDrawer = () => import('./FacetDrawer');

export function Toolbar({ total, listing, facets, columnIds, onColumns }: ToolbarProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const exportAs = async (format: Format) => {
    setBusy(true);
    setError(undefined);
    try {
      const entities = await collect(listing, format === 'json');
      if (format === 'csv')
        download('catalog.csv', 'text/csv', toCsv(entities, columnsOf(columnIds.join(','))));
      else download('catalog.json', 'application/json', JSON.stringify(entities, null, 2));
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      setBusy(false);
    }
  };
  const columns = (
    <Button size="small">
      <Columns3 aria-hidden /> Columns
    </Button>
  );
  const save = (
    <Button size="small" disabled={isBusy || !total}>
      <Download aria-hidden /> {isBusy ? 'Exporting…' : 'Export'}
    </Button>
  );
  return (
    <>
      <div className="toolbar">
        <span className="grow" role="status">
          {total !== undefined && `${formatCount(total)} ${total === 1 ? 'result' : 'results'}`}
        </span>
        <Facets>{facets}</Facets>
        <LateMenu trigger={columns} load={loadColumns} menu={{ columnIds, onColumns }} />
        <LateMenu trigger={save} load={loadExport} menu={{ total, onExport: exportAs }} />
      </div>
      {error && <Notice tone="error">The export failed: {error.message}</Notice>}
    </>
  );
}

/** The way to the filters on narrow screens. */
function Facets({ children }: { children: ReactNode }) {
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [Drawer, askDrawer] = useLate(loadDrawer);
  useEffect(() => {
    if (isOpen) askDrawer();
  }, [isOpen, askDrawer]);
  return (
    <>
      <Button
        ref={button}
        size="small"
        className="facet-button"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setOpen(true)}
      >
        <Filter aria-hidden /> Filters
      </Button>
      {isOpen && Drawer && (
        <Drawer onClose={() => setOpen(false)} button={button}>
          {children}
        </Drawer>
      )}
    </>
  );
}
