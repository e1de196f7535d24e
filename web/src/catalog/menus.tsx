/** The menus above the list. */

import type { LateMenuParts } from '../ui/late';
import { Menu, MenuCheck, MenuItem, MenuLine } from '../ui/Menu';
import { formatCount } from '../ui/Small';
import { COLUMNS, DEFAULT_COLUMNS } from './columns';
import { type Format, MAX_EXPORT } from './export';

interface ColumnsMenuProps {
  columnIds: string[];
  onColumns: (ids: string[]) => void;
}

export function ColumnsMenu({ columnIds, onColumns, ...menu }: ColumnsMenuProps & LateMenuParts) {
  return (
    <Menu {...menu}>
      {COLUMNS.filter(column => column.id !== 'name').map(({ id, title }) => (
        <MenuCheck
          key={id}
          checked={columnIds.includes(id)}
          onChange={on =>
            onColumns(on ? [...columnIds, id] : columnIds.filter(other => other !== id))
          }
        >
          {title}
        </MenuCheck>
      ))}
      <MenuLine />
      <MenuItem onSelect={() => onColumns(DEFAULT_COLUMNS)}>As it was</MenuItem>
    </Menu>
  );
}

interface ExportMenuProps {
  total: number | undefined;
  onExport: (format: Format) => Promise<void>;
}

export function ExportMenu({ total, onExport, ...menu }: ExportMenuProps & LateMenuParts) {
  const tooMany = total !== undefined && total > MAX_EXPORT;
  return (
    <Menu {...menu}>
      <MenuItem onSelect={() => void onExport('csv')}>CSV, the columns shown</MenuItem>
      <MenuItem onSelect={() => void onExport('json')}>JSON, whole entities</MenuItem>
      {tooMany && <div className="menu-item muted">The first {formatCount(MAX_EXPORT)}</div>}
    </Menu>
  );
}
