/** What else can be done with an entity. */

import { Link2, SquareArrowOutUpRight, SquarePen, Trash2, WandSparkles } from 'lucide-react';
import type { LateMenuParts } from '../ui/late';
import { Menu, MenuItem, MenuLine, MenuLink } from '../ui/Menu';
import type { EntityDeeds } from './useDeeds';

export interface EntityMenuProps {
  deeds: EntityDeeds;
}

export default function EntityMenu({ deeds, ...menu }: EntityMenuProps & LateMenuParts) {
  const { copy, startTemplate, editCopy, viewUrl, unregister } = deeds;
  return (
    <Menu {...menu}>
      <MenuItem icon={<Link2 />} onSelect={copy}>
        Copy the reference
      </MenuItem>
      {startTemplate && (
        <MenuItem icon={<WandSparkles />} onSelect={startTemplate}>
          Change it with a template
        </MenuItem>
      )}
      {editCopy && (
        <MenuItem icon={<SquarePen />} onSelect={editCopy}>
          Edit a copy
        </MenuItem>
      )}
      {viewUrl && (
        <MenuLink href={viewUrl} icon={<SquareArrowOutUpRight />}>
          View the source
        </MenuLink>
      )}
      <MenuLine />
      <MenuItem
        icon={<Trash2 />}
        tone="danger"
        disabled={!unregister}
        onSelect={() => unregister?.()}
      >
        {unregister ? 'Unregister…' : 'Unregister… (not allowed)'}
      </MenuItem>
    </Menu>
  );
}
